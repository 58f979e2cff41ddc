import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parseEncryptionKeys } from '../../secrets/encryption-keys.js';
import { EncryptionCodec } from './encryption.js';

const key = (id: string) => ({ id, key: randomBytes(32).toString('base64') });
const payload = (text: string) => ({ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(JSON.stringify(text)) });
const one = key('one');

describe('EncryptionCodec', () => {
  const codec = new EncryptionCodec([one]);

  it('gives back what it was given, and leaves what is not encrypted as it is', async () => {
    const [sealed] = await codec.encode([payload('hello')]);
    expect(Buffer.from(sealed?.data ?? []).toString('latin1')).not.toContain('hello');
    const [opened] = await codec.decode(sealed ? [sealed] : []);
    expect(Buffer.from(opened?.data ?? []).toString()).toBe('"hello"');
    expect(await codec.decode([payload('plain')])).toEqual([payload('plain')]);
  });

  it('encrypts large payloads the same again, for a replay, and small ones never', async () => {
    const seal = async (text: string) => (await codec.encode([payload(text)]))[0]?.data;
    expect(await seal('x'.repeat(20_000))).toEqual(await seal('x'.repeat(20_000)));
    expect(await seal('x'.repeat(20_000))).not.toEqual(await seal(`${'x'.repeat(19_999)}y`));
    expect(await seal('yes')).not.toEqual(await seal('yes'));
  });

  it('finds out a changed byte', async () => {
    const [sealed] = await codec.encode([payload('hello')]);
    const data = Buffer.from(sealed?.data ?? []);
    data.writeUInt8(data.readUInt8(20) ^ 1, 20);
    await expect(codec.decode([{ ...sealed, data }])).rejects.toMatchObject({ code: 'CODEC_MISMATCH', name: 'CODEC_MISMATCH' });
  });
});

describe('parseEncryptionKeys', () => {
  it('reads keys in their order', () => {
    const two = key('2027-b');
    expect(parseEncryptionKeys(` one:${one.key}, 2027-b:${two.key},`)).toEqual([one, two]);
  });

  it.each([
    ['no colon', one.key, 'no colon'],
    ['an id that cannot be one', `a b:${one.key}`, 'The id of key 1'],
    ['two keys of one id', `a:${one.key},a:${one.key}`, "Two keys have the id 'a'"],
    ['a short key', 'a:c2hvcnQ=', "The key 'a' is not 32 bytes"],
  ])('refuses %s, without repeating a key', (_what, list, said) => {
    expect(() => parseEncryptionKeys(list)).toThrow(expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(said) as string }) as Error);
    expect(() => parseEncryptionKeys(list)).not.toThrow(one.key);
  });
});
