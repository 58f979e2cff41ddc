import { createHash } from 'node:crypto';
import { wellFormed } from '../definition/text.js';

const LONGEST = 200;

/**
 * `<run id>/<step id>[/index]`, with `#n` when its user had the step run again for the nth time; percent-encoded ASCII; the SHA-256 of that when it is longer than 200 characters.
 */
export function idempotencyKey(
  runId: string,
  stepId: string,
  options: { index?: number | undefined; rerun?: number | undefined } = {},
): string {
  const { index, rerun } = options;
  const parts = [runId, stepId, ...(index === undefined ? [] : [String(index)])];
  const key = parts.map((part) => encodeURIComponent(wellFormed(part))).join('/') + (rerun ? `#${rerun}` : '');
  return key.length <= LONGEST ? key : createHash('sha256').update(key).digest('hex');
}
