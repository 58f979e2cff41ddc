import { MOST_STORED_BYTES, STORED_FROM_BYTES } from '../definition/messages.js';
import { jsonBytes } from './size.js';

/** Inputs that one turn schedules. A workflow task has two turns at most, and Temporal ends a run at 4 MB of commands. */
export const TURN_BYTES = 1_048_576;
/** Inputs that are stored outside the history count by this part. */
const STORED_PART = TURN_BYTES / MOST_STORED_BYTES;
/** A payload must stay below Temporal's limit of 2 MB. */
const MOST_INPUT_BYTES = 1_900_000;

/** The largest input that an activity or a child can be sent, in bytes; `storage`: large ones go outside the history. */
export function mostInputBytes(storage: boolean): number {
  return storage ? MOST_STORED_BYTES : MOST_INPUT_BYTES;
}

/** The size of what is sent, in bytes, and what it costs of a turn's budget. */
export function measured(sent: unknown, storage: boolean): { bytes: number; cost: number } {
  const bytes = jsonBytes(sent);
  return { bytes, cost: storage && bytes >= STORED_FROM_BYTES ? bytes * STORED_PART : bytes };
}
