import { createHash } from 'node:crypto';
import { wellFormed } from '../definition/text.js';

const LONGEST = 200;

/** `<run id>/<step id>[/index]`, percent-encoded ASCII; the SHA-256 of that when it is longer than 200 characters. */
export function idempotencyKey(runId: string, stepId: string, index?: number): string {
  const parts = [runId, stepId, ...(index === undefined ? [] : [String(index)])];
  const key = parts.map((part) => encodeURIComponent(wellFormed(part))).join('/');
  return key.length <= LONGEST ? key : createHash('sha256').update(key).digest('hex');
}
