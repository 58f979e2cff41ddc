import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { UsageError } from './errors.js';
import { assignments, portNumber, readAnswers, readInput, readJson } from './values.js';

describe('assignments', () => {
  test('split at the first = and take strange names for ordinary ones', () => {
    expect(Object.entries(assignments('--env', ['A=b=c', '__proto__=x', 'EMPTY=']))).toEqual([
      ['A', 'b=c'],
      ['__proto__', 'x'],
      ['EMPTY', ''],
    ]);
  });

  test.each(['NAME', '=value', ''])('refuse %j', (text) => {
    expect(() => assignments('--env', [text])).toThrow(UsageError);
  });
});

describe('readJson', () => {
  test('reads a file behind @', async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'distri-values-')), 'input.json');
    await writeFile(file, '{"a":1}');
    expect(await readInput(`@${file}`)).toEqual({ a: 1 });
  });

  test('names the flag, and the file that is not there', async () => {
    await expect(readJson('--input', '{')).rejects.toThrow(/--input is not JSON/);
    await expect(readJson('--input', '@/nowhere.json')).rejects.toThrow(/--input.*\/nowhere\.json/);
    await expect(readInput('[1]')).rejects.toThrow(/object/);
  });
});

describe('readAnswers', () => {
  const steps = new Map([
    ['review', { waits: true }],
    ['a=b', { waits: true }],
    ['a', { waits: true }],
    ['fetch', { waits: false }],
  ]);

  test('finds the step, also one with = in its id', async () => {
    expect([...(await readAnswers(['review={"ok":true}', 'a=b="x"', 'a=1'], steps))]).toEqual([
      ['review', { ok: true }],
      ['a=b', 'x'],
      ['a', 1],
    ]);
  });

  test.each([
    ['nope=1', /no step 'nope'/],
    ['fetch=1', /'fetch' does not wait/],
    ['review', /STEP=JSON/],
    ['review=yes', /not JSON/],
  ])('refuses %s', async (text, message) => {
    await expect(readAnswers([text], steps)).rejects.toThrow(message);
  });

  test('refuses two answers for one step', async () => {
    await expect(readAnswers(['a=1', 'a=2'], steps)).rejects.toThrow(/twice/);
  });
});

test('portNumber takes 1 to 65535', () => {
  expect(portNumber('65535')).toBe(65_535);
  for (const text of ['0', '65536', '-1', '1e3', '80 ', 'x']) expect(() => portNumber(text)).toThrow();
});
