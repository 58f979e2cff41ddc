import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonValue } from './json.js';
import { cut, isWellFormed, textOf, wellFormed } from './text.js';

const units = fc.string({ unit: fc.integer({ min: 0xd7ff, max: 0xe000 }).map((unit) => String.fromCharCode(unit)) });
const anyText = fc.oneof(units, fc.string({ unit: 'binary' }));

describe('wellFormed', () => {
  it('replaces lone surrogates and keeps pairs', () => {
    expect(wellFormed('a\ud800b')).toBe('a\ufffdb');
    expect(wellFormed('\udc00\ud83d\ude00\ud83d')).toBe('\ufffd😀\ufffd');
    expect(wellFormed('plain ünïcode 😀')).toBe('plain ünïcode 😀');
  });

  it('makes any text survive UTF-8, changing only what would not', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const made = wellFormed(text);
        expect(Buffer.from(made, 'utf8').toString('utf8')).toBe(made);
        expect(made).toBe(Buffer.from(text, 'utf8').toString('utf8'));
        expect(isWellFormed(text)).toBe(made === text);
      }),
    );
  });
});

describe('cut', () => {
  it('keeps short text and never splits a pair', () => {
    expect(cut('abc', 3)).toBe('abc');
    expect(cut('abc', 2)).toBe('ab');
    expect(cut('a😀b', 2)).toBe('a');
    expect(cut('a😀b', 3)).toBe('a😀');
    expect(cut('abc', 0)).toBe('');
    expect(cut('abc', -1)).toBe('');
  });

  it('is the longest beginning that fits and breaks nothing', () => {
    fc.assert(
      fc.property(anyText, fc.nat(12), (text, max) => {
        const beginning = cut(text, max);
        expect(text.startsWith(beginning)).toBe(true);
        expect(beginning.length).toBeLessThanOrEqual(max);
        expect(beginning.length).toBeGreaterThanOrEqual(Math.min(text.length, max) - 1);
        if (isWellFormed(text)) expect(isWellFormed(beginning)).toBe(true);
      }),
    );
  });
});

describe('textOf', () => {
  it('writes strings as they are and the rest as compact JSON', () => {
    expect(textOf('a "b"\ud800')).toBe('a "b"\ud800');
    expect(textOf({ a: [1, null, true], b: 'c' })).toBe('{"a":[1,null,true],"b":"c"}');
    expect(textOf(null)).toBe('null');
  });

  it('writes values that are nested 100,000 levels deep', () => {
    let deep: JsonValue = { leaf: ['x', 1], '"': {}, none: [] };
    const inner = JSON.stringify(deep);
    for (let i = 0; i < 100_000; i++) deep = i % 2 === 0 ? [deep, 'b'] : { a: deep, '\n': 2 };
    const text = textOf(deep);
    expect(text.startsWith('{"a":[{"a":[')).toBe(true);
    expect(text).toContain(`[${inner},"b"],"\\n":2}`);
    expect(text.endsWith(',"b"],"\\n":2}')).toBe(true);
  });
});
