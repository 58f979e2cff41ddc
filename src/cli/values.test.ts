import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { UsageError } from './errors.js';
import { assignments, portNumber, readInput, readJson } from './values.js';

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
    expect(await readInput(`@${file}`)).toEqual({ input: { a: 1 }, inexact: [] });
  });

  test('names the flag, and the file that is not there', async () => {
    await expect(readJson('--input', '{')).rejects.toThrow(/--input is not JSON/);
    await expect(readJson('--input', '@/nowhere.json')).rejects.toThrow(/--input.*\/nowhere\.json/);
    await expect(readInput('[1]')).rejects.toThrow(/object/);
  });
});

test('portNumber takes 1 to 65535', () => {
  expect(portNumber('65535')).toBe(65_535);
  for (const text of ['0', '65536', '-1', '1e3', '80 ', 'x']) expect(() => portNumber(text)).toThrow();
});
