import { createHash } from 'node:crypto';
import { isObject, type JsonValue } from './json.js';
import type { WorkflowDefinition } from './types.js';

/** SHA-256 of the definition's canonical JSON (keys sorted, no white space), in hex. */
export function definitionHash(definition: WorkflowDefinition): string {
  return createHash('sha256')
    .update(canonicalJson(definition as unknown as JsonValue))
    .digest('hex');
}

/** Keys are sorted by their UTF-16 units; undefined properties are left out, as JSON does. */
function canonicalJson(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const members: string[] = [];
  for (const key of Object.keys(value).sort()) {
    const member = value[key];
    if (member !== undefined) members.push(`${JSON.stringify(key)}:${canonicalJson(member)}`);
  }
  return `{${members.join(',')}}`;
}
