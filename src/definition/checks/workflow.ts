import { own } from '../json.js';
import { referencesIn } from '../references.js';
import { isGiven, textOf, type CheckContext, type RawKind } from './document.js';

/** A workflow step names exactly one other workflow, or holds it. */
export function checkWorkflow({ raw, path }: RawKind, { document, findings }: CheckContext): void {
  const byId = isGiven(raw, 'workflow_id');
  const inline = isGiven(raw, 'definition');
  if (byId === inline) {
    const message = byId
      ? "A workflow step has either 'workflow_id' or 'definition', not both"
      : "A workflow step needs 'workflow_id' or 'definition'";
    return findings.error('BAD_WORKFLOW_STEP', byId ? [...path, 'definition'] : path, message, {
      hint: 'workflow_id names a workflow that the engine workers have; definition is the workflow itself.',
    });
  }
  if (inline) {
    if (isGiven(raw, 'version')) {
      findings.warn('UNUSED_FIELD', [...path, 'version'], "version has no effect beside 'definition'", { hint: 'Leave it out.', at: 'key' });
    }
    return;
  }
  const id = textOf(own(raw, 'workflow_id'));
  if (id === undefined || referencesIn(id).length > 0 || id !== textOf(own(document, 'id'))) return;
  findings.error('BAD_WORKFLOW_STEP', [...path, 'workflow_id'], `The workflow '${id}' runs itself in a circle`, {
    hint: 'Use for_each to do the same for each element of a list.',
  });
}
