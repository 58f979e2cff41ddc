import { resolve, type Lookup } from '../../definition/references.js';
import type { JsonValue } from '../../definition/json.js';
import type { Inline, InlineOutcome } from '../inline.js';
import type { ConfigOf } from '../schemas.js';

/** Ten years: longer delays are mistakes, and Temporal's timers have a limit. */
const LONGEST_SECS = 10 * 366 * 86_400;

export const runDelay: Inline<ConfigOf<'delay'>> = (config, lookup) =>
  config.until === undefined ? delaySecs(resolve(config.secs ?? 0, lookup)) : delayUntil(config.until, lookup);

function delaySecs(value: JsonValue): InlineOutcome {
  const secs = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof secs === 'number' && secs >= 0 && secs <= LONGEST_SECS) return { type: 'delay', secs };
  return refused(`secs must be a number from 0 to ${LONGEST_SECS}, not ${JSON.stringify(value)}`);
}

function delayUntil(text: string, lookup: Lookup): InlineOutcome {
  const value = resolve(text, lookup);
  const until = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  if (!Number.isNaN(until)) return { type: 'delay', until };
  return refused(`until must be a time such as 2027-01-31T09:00:00Z, not ${JSON.stringify(value)}`);
}

function refused(message: string): InlineOutcome {
  return { type: 'fail', failure: { code: 'BAD_DELAY', message } };
}
