import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Sealer } from './seal.js';

const newKey = (id: string) => ({ id, key: randomBytes(32).toString('base64') });
const old = newKey('2025.spring');
const current = newKey('2026');
const refused = (message: string): Error => expect.objectContaining({ code: 'BAD_SECRET_KEY', message: expect.stringContaining(message) as string }) as Error;

describe('Sealer', () => {
  it('gives back what it sealed, and seals the same text differently each time', () => {
    const sealer = new Sealer([old]);
    const sealed = sealer.seal('geheim – 🔑', 'row-1');
    expect(sealed).toMatch(/^v1\.2025\.spring\.[\w-]{16}\.[\w-]+$/);
    expect(sealer.seal('geheim – 🔑', 'row-1')).not.toBe(sealed);
    expect(sealer.open(sealed, 'row-1')).toBe('geheim – 🔑');
  });

  it('opens nothing in another row, with another key, or that was changed', () => {
    const sealer = new Sealer([old]);
    const sealed = sealer.seal('secret', 'row-1');
    expect(() => sealer.open(sealed, 'row-2')).toThrow(refused('cannot be decrypted'));
    expect(() => sealer.open(sealed.slice(0, -4) + 'AAAA', 'row-1')).toThrow(refused('cannot be decrypted'));
    expect(() => new Sealer([newKey(old.id)]).open(sealed, 'row-1')).toThrow(refused('another key'));
    expect(() => new Sealer([current]).open(sealed, 'row-1')).toThrow(refused("encrypted with the key '2025.spring', and the keys here are 2026"));
    expect(() => sealer.open('plain', 'row-1')).toThrow(refused('does not begin with v1'));
  });

  it('moves what an old key encrypted to the first one', () => {
    const sealed = new Sealer([old]).seal('secret', 'row-1');
    const both = new Sealer([current, old]);
    const again = both.reseal(sealed, 'row-1') ?? '';
    expect(new Sealer([current]).open(again, 'row-1')).toBe('secret');
    expect(both.reseal(again, 'row-1')).toBeUndefined();
  });

  it('without keys neither seals nor opens, and says which variable is missing', () => {
    const sealer = new Sealer();
    expect(() => sealer.seal('secret', 'row-1')).toThrow(expect.objectContaining({ code: 'BAD_SECRET_KEY', hint: expect.stringContaining('DISTRI_SECRET_KEYS') as string }) as Error);
    expect(() => sealer.open('v1.k.AAAA.AAAA', 'row-1')).toThrow(refused('there is no key here'));
  });
});
