import { describe, expect, it } from 'vitest';
import { storableText, instantSchema, toStorable, toStorableJson } from './storable.js';

describe('text for the database', () => {
  it('is well-formed, has no U+0000 and is not too long', () => {
    for (const text of ['', 'a', '😀', '\u0001', 'x'.repeat(10)]) expect(storableText(10).safeParse(text).success, JSON.stringify(text)).toBe(true);
    for (const text of ['a\0', '\ud800', '\udc00', 'x'.repeat(11)]) expect(storableText(10).safeParse(text).success, JSON.stringify(text)).toBe(false);
  });

  it('is made of any text', () => {
    expect(toStorable('a\0b\ud800😀')).toBe('ab\ufffd😀');
    expect(toStorableJson({ a: ['\0', 1, null], b: { c: '\ud800' } })).toEqual({ a: ['', 1, null], b: { c: '\ufffd' } });
  });
});

describe('a time for the database', () => {
  it.each(['0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999Z', '2026-02-28T12:00:00+14:00', '2024-02-29T00:00:00Z'])('may be %s', (text) => {
    expect(instantSchema.safeParse(text).success).toBe(true);
  });

  it.each(['0000-01-01T00:00:00Z', '0001-01-01T00:00:00+01:00', '9999-12-31T23:59:59-05:00', '2025-02-29T00:00:00Z', 'yesterday', ''])('is not %s', (text) => {
    expect(instantSchema.safeParse(text).success).toBe(false);
  });
});
