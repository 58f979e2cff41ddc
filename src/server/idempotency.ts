import { createHash } from 'node:crypto';
import { stringify } from 'uuid';
import { canonicalJson } from '../definition/canonical.js';
import { DistriError } from '../definition/errors.js';
import type { JsonValue } from '../definition/json.js';

export const IDEMPOTENCY_HEADER = 'idempotency-key';
/** Says that an answer is that to an earlier request with the same key. */
export const REPLAYED_HEADER = 'idempotent-replayed';

/** Headers of a request. */
export interface KeyHeaders {
  readonly [name: string]: unknown;
}

/** The key of a request. @throws DistriError `BAD_REQUEST` unless it is 1 to 255 visible ASCII characters */
export function idempotencyKeyOf(headers: KeyHeaders): string | undefined {
  const key = headers[IDEMPOTENCY_HEADER];
  if (key === undefined) return undefined;
  if (typeof key === 'string' && /^[!-~]{1,255}$/.test(key)) return key;
  throw new DistriError('BAD_REQUEST', 'The header Idempotency-Key must have 1 to 255 visible ASCII characters and stand there once', { hint: 'A UUID is a good key.' });
}

/**
 * The id of the run that a user's key starts. It depends on nothing else, so that Temporal, which gives an id to one run
 * only, sees to it that a key starts one run, whichever processes get the requests.
 */
export function runIdOfKey(user: string, key: string): string {
  const bytes = sha256(['run', user, key]).subarray(0, 16);
  // A UUID of version 8: what it is made of is up to us.
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return `run-${stringify(bytes)}`;
}

/** The id of an update to a run: the same message with the same key of the same user counts once. */
export function updateIdOfKey(user: string, key: string | undefined, message: object): { updateId?: string } {
  return key === undefined ? {} : { updateId: `key-${requestHashOf([user, key, message])}` };
}

/** Tells a request from another one with the same key. */
export function requestHashOf(request: object): string {
  return sha256(request).toString('hex');
}

/** Of JSON, whose undefined properties do not count. */
function sha256(value: object): Buffer {
  return createHash('sha256').update(canonicalJson(value as JsonValue)).digest();
}
