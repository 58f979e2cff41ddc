import { createHash } from 'node:crypto';
import { canonicalJson } from './canonical.js';
import type { JsonValue } from './json.js';
import type { WorkflowDefinition } from './types.js';

/** SHA-256 of the definition's canonical JSON (keys sorted, no white space), in hex. */
export function definitionHash(definition: WorkflowDefinition): string {
  return createHash('sha256')
    .update(canonicalJson(definition as unknown as JsonValue))
    .digest('hex');
}
