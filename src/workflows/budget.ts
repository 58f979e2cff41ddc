import { MOST_STORED_BYTES, STORED_FROM_BYTES } from '../definition/messages.js';
import { jsonBytes } from './size.js';

/** Inputs that one turn schedules. A workflow task has two turns at most, and Temporal ends a run at 4 MB of commands. */
export const TURN_BYTES = 1_048_576;
/** Inputs that are stored outside the history count by this part. */
const STORED_PART = TURN_BYTES / MOST_STORED_BYTES;

/** The size of what is sent, in bytes, and what it costs of a turn's budget. */
export function measured(sent: unknown, storage: boolean): { bytes: number; cost: number } {
  const bytes = jsonBytes(sent);
  return { bytes, cost: storage && bytes >= STORED_FROM_BYTES ? bytes * STORED_PART : bytes };
}
