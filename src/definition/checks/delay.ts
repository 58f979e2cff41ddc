import { SECS_RULE, secsOf, timeOf, UNTIL_RULE } from '../../kinds/delay/values.js';
import { own } from '../json.js';
import { referencesIn } from '../references.js';
import { isGiven, type CheckContext, type RawKind } from './document.js';

/** Exactly one of secs and until, and what they say as far as they are literal. */
export function checkDelay({ raw, path }: RawKind, { findings }: CheckContext): void {
  const secs = isGiven(raw, 'secs');
  const until = isGiven(raw, 'until');
  if (secs === until) {
    const message = secs ? "A delay has either 'secs' or 'until', not both" : "A delay needs 'secs' or 'until'";
    const hint = 'secs is how long to wait, until is the time at which to go on.';
    return findings.error('BAD_DELAY', secs ? [...path, 'until'] : path, message, { hint });
  }
  const field = secs ? 'secs' : 'until';
  const value = own(raw, field);
  // Of another type it is a matter of the schema.
  if (typeof value !== 'string' && !(secs && typeof value === 'number')) return;
  if (referencesIn(value).length > 0) return;
  if ((secs ? secsOf(value) : timeOf(value)) !== undefined) return;
  findings.error('BAD_DELAY', [...path, field], `${secs ? SECS_RULE : UNTIL_RULE}, not ${JSON.stringify(value)}`);
}
