import { v4 as uuidv4 } from 'uuid';
import { checkChannelTriggers } from './checks/channel-triggers.js';
import { checkContext, kindsOf, type CheckContext, type Unwrapped } from './checks/document.js';
import { checkEntryPoints } from './checks/entry-points.js';
import { checkForEach } from './checks/for-each.js';
import { checkGraph } from './checks/graph.js';
import { checkKinds } from './checks/kinds.js';
import { checkLinks, type WorkflowLookup } from './checks/links.js';
import { checkReferences } from './checks/references.js';
import { checkSchemas } from './checks/schemas.js';
import { checkSettings } from './checks/settings.js';
import { checkSkills } from './checks/skills.js';
import { isObject, own, type JsonValue } from './json.js';
import { checkBounds, documentBounds, LIMITS, TOO_LARGE_HINT, tooLargeMessage } from './limits.js';
import { innerWorkflow } from './own-texts.js';
import { Findings } from './problems/findings.js';
import { Suggestions } from './problems/suggest.js';
import { agentWrapperSchema, workflowSchema } from './schema.js';
import { checkShape } from './shape.js';
import type { WorkflowDefinition } from './types.js';
import { warnUnknownFields } from './unknown-fields.js';
import { unwrap, withWrapperFields } from './unwrap.js';

export interface Checked {
  readonly findings: Findings;
  /** Absent when there are errors. */
  readonly definition?: WorkflowDefinition;
}

/** Everything that is wrong with a document, in one go. The value may be anything; it is copied, not kept. */
export function checkDocument(value: unknown, maxBytes: number, workflows?: WorkflowLookup): Checked {
  const findings = new Findings();
  const bounds = documentBounds(maxBytes);
  if (tooManySteps(value, findings) || !checkBounds(value, bounds, findings)) return { findings };
  const json = JSON.stringify(value);
  if (Buffer.byteLength(json) > maxBytes) {
    findings.error('DOCUMENT_TOO_LARGE', [], tooLargeMessage(bounds), { hint: TOO_LARGE_HINT });
    return { findings };
  }
  // A plain copy: without undefined fields, and nobody else can change it.
  const document = JSON.parse(json) as JsonValue;
  const unwrapped = unwrap(document, findings);
  if (unwrapped === undefined) return { findings };
  checkUnwrapped(document, unwrapped, findings);
  if (workflows) checkLinks(unwrapped, workflows, findings);
  return findings.hasErrors ? { findings } : { findings, definition: definitionOf(unwrapped) };
}

/** Done first, on the raw value: whatever else there is to say would be said a hundred thousand times. */
function tooManySteps(value: unknown, findings: Findings): boolean {
  for (const path of [['steps'], ['definition', 'steps']]) {
    const steps = path.reduce<unknown>(
      (at, key) => (typeof at === 'object' && at !== null ? Reflect.get(at, key) : undefined),
      value,
    );
    if (!Array.isArray(steps) || steps.length <= LIMITS.steps) continue;
    const message = `The document has ${steps.length} steps: at most ${LIMITS.steps} are allowed`;
    findings.error('TOO_MANY_STEPS', path, message, { hint: 'Split it into several workflows.' });
    return true;
  }
  return false;
}

function checkUnwrapped(document: JsonValue, unwrapped: Unwrapped, findings: Findings): void {
  const suggestions = new Suggestions();
  const schema = unwrapped.wrapper === undefined ? workflowSchema : agentWrapperSchema;
  checkShape(schema, document, findings, suggestions);
  warnUnknownFields(schema, document, findings, suggestions);
  const context = checkContext(unwrapped, findings, suggestions);
  checkGraph(context);
  checkSkills(context);
  checkKinds(context);
  checkForEach(context);
  checkSettings(context);
  checkEntryPoints(context);
  checkChannelTriggers(context);
  checkSchemas(context);
  checkReferences(context);
  checkInnerWorkflows(context);
}

/** Workflows that `workflow` steps hold are checked as others are; how deep they may be is a matter of the whole. */
function checkInnerWorkflows({ steps, findings }: CheckContext): void {
  for (const step of steps) {
    for (const { raw, path } of kindsOf(step)) {
      const document = innerWorkflow(raw);
      if (!isObject(document)) continue;
      const found = new Findings();
      const unwrapped = unwrap(document, found);
      if (unwrapped !== undefined) checkUnwrapped(document, unwrapped, found);
      findings.addAll(found, [...path, 'definition']);
    }
  }
}

/** The document as written. Its shape has been checked against the schema that the type is inferred from. */
function definitionOf(unwrapped: Unwrapped): WorkflowDefinition {
  const document = withWrapperFields(unwrapped);
  const withId = own(document, 'id') === undefined ? { id: uuidv4(), ...document } : document;
  return withId as unknown as WorkflowDefinition;
}
