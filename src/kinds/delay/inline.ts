import { resolve } from '../../definition/references.js';
import type { Inline, InlineOutcome } from '../inline.js';
import type { ConfigOf } from '../schemas.js';
import { SECS_RULE, secsOf, timeOf, UNTIL_RULE } from './values.js';

export const runDelay: Inline<ConfigOf<'delay'>> = (config, lookup) => {
  if (config.until == null) {
    const value = resolve(config.secs ?? 0, lookup);
    const secs = secsOf(value);
    return secs === undefined ? refused(SECS_RULE, value) : { type: 'delay', secs };
  }
  const value = resolve(config.until, lookup);
  const until = timeOf(value);
  return until === undefined ? refused(UNTIL_RULE, value) : { type: 'delay', until };
};

function refused(rule: string, value: unknown): InlineOutcome {
  return { type: 'fail', failure: { code: 'BAD_DELAY', message: `${rule}, not ${JSON.stringify(value)}` } };
}
