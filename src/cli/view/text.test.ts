import { describe, expect, test } from 'vitest';
import { column, columns, duration, fit, plain, shellWord } from './text.js';

describe('plain', () => {
  test('takes out escape sequences, control characters and bidirectional overrides, and keeps one line', () => {
    expect(plain('\u001b[31mred\u001b[0m\r\n  next\u0007\u0000 \u202Eevil')).toBe('red next evil');
  });
});

describe('fit and column', () => {
  test('count columns, not characters', () => {
    expect(columns(column('日本語', 4))).toBe(4);
    expect(fit('日本語', 4)).toBe('日…');
    expect(fit('👩‍👩‍👧 family', 40)).toBe('👩‍👩‍👧 family');
  });

  test('leave a text that fits, and give nothing for no room', () => {
    expect(fit('abc', 3)).toBe('abc');
    expect(fit('abcd', 3)).toBe('ab…');
    expect(fit('abc', 0)).toBe('');
    expect(column('ab', 4)).toBe('ab  ');
  });
});

test.each([
  [0, '0.0s'],
  [-5, '0.0s'],
  [59_940, '59.9s'],
  [59_960, '1m 00s'],
  [3_599_000, '59m 59s'],
  [7_260_000, '2h 01m'],
  [90_000_000, '1d 01h'],
])('duration(%i) is %s', (ms, text) => {
  expect(duration(ms)).toBe(text);
});

test('shellWord quotes what a shell would change', () => {
  expect(shellWord('google:drive')).toBe('google:drive');
  expect(shellWord("it's $HOME")).toBe(`'it'\\''s $HOME'`);
  expect(shellWord('')).toBe("''");
});
