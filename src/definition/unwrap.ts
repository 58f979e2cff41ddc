import { isObject, own, type JsonObject, type JsonValue } from './json.js';
import type { Unwrapped } from './checks/document.js';
import type { Findings } from './problems/findings.js';
import { describe } from './shape.js';

const AGENT_TYPE = 'workflow_agent';
const FROM_WRAPPER = ['name', 'description', 'version', 'input_schema'] as const;

/** The workflow in a document, which may be wrapped as an agent. Reports a document that is neither. */
export function unwrap(value: JsonValue, findings: Findings): Unwrapped | undefined {
  if (!isObject(value)) {
    findings.error('NOT_A_WORKFLOW', [], `A workflow is an object with steps, not ${describe(value)}`);
    return undefined;
  }
  const agentType = own(value, 'agent_type');
  const definition = own(value, 'definition');
  if (agentType !== undefined && agentType !== AGENT_TYPE) {
    const message = `agent_type is ${describe(agentType)}: only '${AGENT_TYPE}' is a workflow`;
    findings.error('NOT_A_WORKFLOW', ['agent_type'], message);
    return undefined;
  }
  if (agentType === undefined) {
    if (own(value, 'steps') !== undefined) return { document: value, path: [], wrapper: undefined };
    const hint = isObject(definition) ? `Add "agent_type": "${AGENT_TYPE}" to wrap a definition.` : 'Add "steps": [].';
    findings.error('NOT_A_WORKFLOW', [], "A workflow is an object with 'steps', and this one has none", { hint });
    return undefined;
  }
  if (!isObject(definition)) {
    const message = `An agent of type '${AGENT_TYPE}' needs a workflow as its 'definition', not ${describe(definition ?? null)}`;
    findings.error('NOT_A_WORKFLOW', ['definition'], message);
    return undefined;
  }
  return { document: definition, path: ['definition'], wrapper: value };
}

/** The workflow in a document whatever else is in it: that in an agent's wrapper, else the document itself. */
export function innerDocument(document: JsonObject): JsonObject {
  const definition = own(document, 'definition');
  return own(document, 'agent_type') !== undefined && isObject(definition) ? definition : document;
}

/** The document out of its wrapper, with what only the wrapper says. */
export function withWrapperFields({ document, wrapper }: Unwrapped): JsonObject {
  const merged = { ...document };
  if (wrapper === undefined) return merged;
  for (const field of FROM_WRAPPER) {
    const value = own(wrapper, field);
    if (value !== undefined && value !== null && (own(document, field) ?? null) === null) merged[field] = value;
  }
  return merged;
}
