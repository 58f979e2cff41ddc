import { isObject, own, type JsonObject } from '../json.js';
import { innerWorkflow } from '../own-texts.js';
import type { Findings } from '../problems/findings.js';
import type { Path } from '../problems/path.js';
import { LIMITS } from '../limits.js';
import { referencesIn } from '../references.js';
import { innerDocument } from '../unwrap.js';
import { isGiven, kindsOf, listOf, textOf, type RawStep, type Unwrapped } from './document.js';

/** The document of a workflow; with a version that one, else the newest. Undefined when there is none. */
export type WorkflowLookup = (id: string, version?: string | number) => JsonObject | undefined;

/** A `workflow` step that names another workflow. `above`: the ids of the workflows in the document that hold it. */
interface Link {
  readonly id: string;
  readonly version: string | number | undefined;
  readonly path: Path;
  readonly above: readonly string[];
}

/** Warns of workflows that are not there, and refuses those that run each other in a circle, or too deep. */
export function checkLinks({ document, path }: Unwrapped, workflows: WorkflowLookup, findings: Findings): void {
  for (const link of linksOf(document, path, [])) {
    const at = [...link.path, 'workflow_id'];
    const found = workflows(link.id, link.version);
    if (found === undefined) {
      const version = link.version === undefined ? '' : `, version ${link.version}`;
      findings.warn('WORKFLOW_NOT_FOUND', at, `There is no workflow '${link.id}'${version} in the folder`, {
        hint: 'The engine workers must have it when the step runs.',
      });
      continue;
    }
    const namesItself = link.above.length === 1 && link.above[0] === link.id;
    // That has been refused already.
    const chain = namesItself ? undefined : endlessChain(link.above, link, workflows, new Set());
    if (chain === undefined) continue;
    const isCircle = chain.indexOf(chain.at(-1) ?? '') < chain.length - 1;
    const message = isCircle ? 'Workflows run each other in a circle' : `Workflows run each other more than ${LIMITS.workflowDepth} deep`;
    findings.error('TOO_DEEP', at, `${message}: ${chain.join(' → ')}`, { hint: 'Use for_each to do the same for each element of a list.' });
  }
}

/** The ids down to the one that closes a circle or is too deep. `fine`: workflows below which there is nothing of that. */
function endlessChain(above: readonly string[], link: Link, workflows: WorkflowLookup, fine: Set<string>): string[] | undefined {
  const chain = [...above, link.id];
  if (above.includes(link.id) || chain.length > LIMITS.workflowDepth) return chain;
  const key = JSON.stringify([link.id, link.version ?? null, chain.length]);
  const document = fine.has(key) ? undefined : workflows(link.id, link.version);
  for (const next of document ? linksOf(innerDocument(document), [], above) : []) {
    const found = endlessChain(next.above, next, workflows, fine);
    if (found) return found;
  }
  fine.add(key);
  return undefined;
}

/** The links of a document, and of the workflows that its steps hold. */
function linksOf(document: JsonObject, path: Path, above: readonly string[]): Link[] {
  const ids = [...above, textOf(own(document, 'id')) ?? ''];
  const links: Link[] = [];
  for (const [index, raw] of listOf(own(document, 'steps')).entries()) {
    if (!isObject(raw)) continue;
    const step: RawStep = { raw, path: [...path, 'steps', index], id: undefined, dependsOn: [] };
    for (const kind of kindsOf(step)) {
      const inner = innerWorkflow(kind.raw);
      if (isObject(inner)) links.push(...linksOf(innerDocument(inner), [...kind.path, 'definition'], ids));
      const id = own(kind.raw, 'type') === 'workflow' ? textOf(own(kind.raw, 'workflow_id')) : undefined;
      if (id === undefined || referencesIn(id).length > 0) continue;
      const version = isGiven(kind.raw, 'version') ? (own(kind.raw, 'version') as string | number) : undefined;
      links.push({ id, version, path: kind.path, above: ids });
    }
  }
  return links;
}
