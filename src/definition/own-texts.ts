import { isObject, own, type JsonObject, type JsonValue } from './json.js';

/** The definition that a `workflow` kind holds: its references are its own affair. */
export function innerWorkflow(kind: JsonObject): JsonValue | undefined {
  return own(kind, 'type') === 'workflow' ? own(kind, 'definition') : undefined;
}

/** A kind, or a step that holds one, without the definitions that its `workflow` kinds hold. */
export function withoutInnerWorkflows(value: JsonValue): JsonValue {
  if (!isObject(value)) return value;
  const kept: JsonObject = { ...value };
  if (innerWorkflow(value) !== undefined) delete kept['definition'];
  for (const field of ['kind', 'if_true', 'if_false']) {
    const inner = own(kept, field);
    if (isObject(inner)) kept[field] = withoutInnerWorkflows(inner);
  }
  return kept;
}
