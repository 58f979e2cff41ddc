import { describe, expect, test } from 'vitest';
import { patternProblem } from './pattern.js';

const nestedBounds = '(a{1,100}){1,100}';

describe('patternProblem', () => {
  test.each([
    '^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$',
    '^[a-zA-Z0-9._%+-]+@[a-zA-Z0-9.-]+\\.[a-zA-Z]{2,}$',
    '[a-z]+@example\\.com',
    '^\\d{3}-\\d{4}$',
    '.*',
    '^https?://.+$',
    '^[A-Z][a-z]+(?: [A-Z][a-z]+)*$',
    '^(?!.*foo).*$',
    '^\\p{L}+$',
    '^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z0-9][a-z0-9-]{0,61}[a-z0-9]$',
    '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?(Z|[+-]\\d{2}:\\d{2})$',
    '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$',
    '^(\\d{4}[- ]?){3}\\d{4}$',
    '^(\\d{2,4}[- ]?){3,4}$',
    '^\\+?\\d{1,3}[- .]?\\(?\\d{1,4}\\)?[- .]?\\d{1,4}[- .]?\\d{1,9}$',
    '^(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)(\\.(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)){3}$',
    '^.{0,5000}$',
    '^[a-z]{1,1000}$',
    '^(red|green|blue)(,(red|green|blue))*$',
    '^[a-z0-9]+(-[a-z0-9]+)*$',
    '^([a-z]+)\\1$',
    '\\bfoo\\b.*\\bbar\\b',
    '',
    '^$',
    'a'.repeat(900),
  ])('accepts the ordinary pattern %s', (pattern) => {
    expect(patternProblem(pattern)).toBeUndefined();
  });

  test.each([
    '^(a+)+$',
    '^(a|a)*$',
    '^(a|aa)+$',
    '^(a|b|ab)*$',
    '^([a-z0-9]+[-_]?)*$',
    '^(\\w+\\s?)*$',
    '(x+x+)+y',
    '^(\\d+,?)+;$',
    '((a*)*)*b',
    '^(([a-z])+.)+[A-Z]([a-z])+$',
    '^(?=(a+)+b)a',
    '(?<!(a|a)+b)a',
    '(.+)+\\1',
    '^(\\w|\\d)+$',
    '^(?:.|[a-z])*x$',
    '^(é|[à-ü])*$',
    nestedBounds,
  ])('refuses the exponential pattern %s', (pattern) => {
    expect(patternProblem(pattern)?.message).toContain('exponential');
  });

  test.each([
    '^(a?){50}$',
    '^(.*a){20}$',
    '^\\s*.*\\s*.*$',
    '^((ab|ab)){30}$',
    '(((a|a){8}){8}){3}',
    '(x{0,14}){0,14}y',
  ])('refuses %s, which takes very long without a nested endless loop', (pattern) => {
    expect(patternProblem(pattern)?.message).toMatch(/very long|exponential/);
  });

  test('refuses what is not a regular expression', () => {
    expect(patternProblem('(')?.message).toContain('Unterminated group');
    expect(patternProblem('\\_')?.hint).toContain('u flag');
  });

  test('refuses a pattern over 1,000 characters', () => {
    expect(patternProblem('a'.repeat(1001))?.hint).toContain('1000');
  });

  test.each([
    '(?:'.repeat(200) + 'a' + ')*'.repeat(200),
    '(?:a|'.repeat(150) + 'b' + ')*'.repeat(150),
    '(?:a*b?)*'.repeat(100),
    'a*'.repeat(400),
    '(?=.*a)'.repeat(120),
    '(?:a?b?c?d?e?f?g?h?i?j?k?l?m?n?o?)*'.repeat(25),
    '(?:'.repeat(60) + 'a{1,}' + '){1,}'.repeat(60),
    '(a{1,9}){1,9}'.repeat(70),
    '('.repeat(60) + '){2,9}'.repeat(60),
    '('.repeat(60) + 'a?' + '){2,}'.repeat(60),
    '[^a]*'.repeat(190),
    '\\b.*'.repeat(200),
    '(?:\\p{L}|\\p{N})*'.repeat(50),
    '(' + 'a|'.repeat(490) + 'b)*',
    '(' + Array.from({ length: 240 }, (_, i) => String.fromCodePoint(0x4e00 + 3 * i)).join('|') + '|[^x])*',
  ])('decides quickly about the hostile pattern %s', (pattern) => {
    const before = process.cpuUsage();
    patternProblem(pattern);
    expect(process.cpuUsage(before).user / 1_000).toBeLessThan(2_000);
  });
});
