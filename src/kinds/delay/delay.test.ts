import { describe, expect, test } from 'vitest';
import { valuesLookup } from '../../definition/references.js';
import { runDelay } from './inline.js';
import { LONGEST_SECS, timeOf } from './values.js';

const lookup = valuesLookup({ 'input.secs': 90, 'input.text': '2.5', 'input.at': '2030-01-02T03:04:05+01:00', 'input.no': 'soon' });
const run = (config: { secs?: number | string | null; until?: string | null }) => runDelay({ type: 'delay', ...config }, lookup);

const failing = (message: RegExp) => ({ type: 'fail', failure: { code: 'BAD_DELAY', message: expect.stringMatching(message) as unknown } });

describe('secs', () => {
  test.each([
    [0, 0],
    [1.5, 1.5],
    ['{input.secs}', 90],
    ['{input.text}', 2.5],
    ['1{input.secs}', 190],
    [LONGEST_SECS, LONGEST_SECS],
  ])('%s is %d seconds', (secs, expected) => {
    expect(run({ secs })).toEqual({ type: 'delay', secs: expected });
    expect(run({ secs, until: null })).toEqual({ type: 'delay', secs: expected });
  });

  test.each([-1, LONGEST_SECS + 1, '{input.no}', '{input.missing}', ' '])('%s is refused', (secs) => {
    expect(run({ secs })).toMatchObject(failing(/^secs must be a number from 0/));
  });
});

describe('until', () => {
  test.each([
    ['2027-01-31T09:00:00Z', Date.UTC(2027, 0, 31, 9)],
    ['2027-01-31T09:00', Date.UTC(2027, 0, 31, 9)],
    ['2027-01-31', Date.UTC(2027, 0, 31)],
    ['1999-12-31T23:59:59.250-05:00', Date.UTC(2000, 0, 1, 4, 59, 59, 250)],
    ['{input.at}', Date.UTC(2030, 0, 2, 2, 4, 5)],
  ])('%s is a time, in UTC when it names no offset', (until, expected) => {
    expect(run({ until })).toEqual({ type: 'delay', until: expected });
  });

  test.each(['1', 'tomorrow', 'January 5', '2027-02-30', '2027-13-01', '2027-01-01T25:00:00Z', '2200-01-01', '{input.secs}', '{input.no}'])(
    '%s is refused',
    (until) => {
      expect(run({ until })).toMatchObject(failing(/^until must be a time/));
    },
  );

  test('does not depend on the zone of the machine', () => {
    const zone = process.env['TZ'];
    process.env['TZ'] = 'America/New_York';
    try {
      expect(timeOf('2027-01-31T09:00')).toBe(Date.UTC(2027, 0, 31, 9));
    } finally {
      if (zone === undefined) delete process.env['TZ'];
      else process.env['TZ'] = zone;
    }
  });
});
