import { describe, expect, it } from 'vitest';
import { CronError, cronExpressions, timeZone } from './cron.js';

describe('a cron expression', () => {
  it.each([
    ['0 9 * * MON', ['0 9 * * MON']],
    ['  */5   8-18/2 1,15 jan-mar,12 * ', ['*/5 8-18/2 1,15 jan-mar,12 *']],
    ['5/15 * * * *', ['5/15 * * * *']],
    ['0 0 * * 7', ['0 0 * * 7']],
    ['0 0 29 2 *', ['0 0 29 2 *']],
    ['0 0 30,31 2,3 *', ['0 0 30,31 2,3 *']],
    ['@daily', ['0 0 * * *']],
    ['@Hourly', ['0 * * * *']],
    ['0 0 */2 * 1', ['0 0 */2 * 1']],
  ])('%s is taken', (text, expressions) => expect(cronExpressions(text)).toEqual(expressions));

  it('with both sorts of days is one or the other', () => {
    expect(cronExpressions('0 0 13 * FRI')).toEqual(['0 0 13 * *', '0 0 * * FRI']);
  });

  it.each([
    '', 'bogus', '* * * *', '* * * * * *', '0 0 9 * * *', '60 * * * *', '* 24 * * *', '* * 0 * *', '* * * 13 *', '* * * * 8', '-1 * * * *',
    '1-2-3 * * * *', '10-5 * * * *', '* * * * FRI-MON', '*/0 * * * *', '*-5 * * * *', '1, * * * *', '/5 * * * *', '0 0 L * *', '0 0 15W * *',
    '0 0 ? * *', '0 9 * * 1#2', 'H * * * *', '@reboot', '@every 5m', '0 0 31 2 *', '0 0 31 4,6 *', '0 9 * * 1 # note',
  ])("'%s' is refused", (text) => expect(() => cronExpressions(text)).toThrow(CronError));
});

describe('a time zone', () => {
  it.each([
    [undefined, 'UTC'],
    ['europe/berlin', 'Europe/Berlin'],
    ['US/Pacific', 'America/Los_Angeles'],
  ])('%s is %s', (name, known) => expect(timeZone(name)).toBe(known));

  it.each(['', 'Nowhere/City', '+02:00', 'Local'])("'%s' is refused", (name) => expect(() => timeZone(name)).toThrow(CronError));
});
