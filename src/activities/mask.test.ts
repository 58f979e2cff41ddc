import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonValue } from '../definition/json.js';
import type { Connection } from './connection.js';
import { Masker, maskOf } from './mask.js';
import { secretTexts } from './masking/forms.js';

const connection = (given: Partial<Connection>): Connection => ({
  skill: 'acme:crm',
  permissions: [],
  env: {},
  secrets: {},
  headers: {},
  hosts: [],
  revision: 'r',
  ...given,
});
const masked = (text: string, given: Partial<Connection>) => maskOf([connection(given)]).text(text);

describe('the mask of connections', () => {
  it('knows secrets and header values, not plain variables', () => {
    const given = { secrets: { A: 'secret-one' }, headers: { 'X-Key': 'secret-two' }, env: { REGION: 'eu-central-1' } };
    expect(masked('secret-one secret-two eu-central-1', given)).toBe('*** *** eu-central-1');
  });

  it('knows the token behind its scheme, and the password of Basic', () => {
    const basic = Buffer.from('me:hunter2hunter2').toString('base64');
    expect(masked('x abcdefghij x', { headers: { Authorization: 'Bearer abcdefghij' } })).toBe('x *** x');
    expect(masked(`${basic} hunter2hunter2`, { headers: { Authorization: `Basic ${basic}` } })).toBe('*** ***');
  });

  it('leaves secrets under eight characters and headers that are no credentials alone', () => {
    expect(secretTexts([connection({ secrets: { PIN: '1234567' } })])).toEqual([]);
    expect(secretTexts([connection({ secrets: { EMPTY: '', BLANK: '          ' } })])).toEqual([]);
    expect(masked('application/json 2022-06-28', { headers: { Accept: 'application/json', 'Notion-Version': '2022-06-28' } })).toBe(
      'application/json 2022-06-28',
    );
  });

  it.each([
    ['base64', (secret: string) => Buffer.from(secret).toString('base64')],
    ['base64 without padding', (secret: string) => Buffer.from(secret).toString('base64').replace(/=+$/, '')],
    ['base64url', (secret: string) => Buffer.from(secret).toString('base64url')],
    ['hexadecimal', (secret: string) => Buffer.from(secret).toString('hex')],
    ['URL', encodeURIComponent],
    ['form', (secret: string) => encodeURIComponent(secret).replaceAll('%20', '+')],
    ['JSON', (secret: string) => JSON.stringify(secret).slice(1, -1)],
    ['JSON in JSON', (secret: string) => JSON.stringify(JSON.stringify(secret).slice(1, -1)).slice(1, -1)],
  ])('knows a secret in its %s form', (_form, encode) => {
    for (const secret of ['p@ss "word" & ???>>>ÿÿ', '\\\\back\\slash']) {
      expect(masked(`<${encode(secret)}>`, { secrets: { S: secret } })).toBe('<***>');
    }
  });

  it.each(['', 'u', 'us', 'user:', 'a user:'])("knows a secret in the base64 of a text, behind '%s'", (before) => {
    for (const after of ['', '!', '!!']) {
      const text = Buffer.from(`${before}p@ss "word" & ???>>>ÿÿ${after}`).toString('base64');
      const hidden = masked(text, { secrets: { S: 'p@ss "word" & ???>>>ÿÿ' } });
      expect(hidden).toContain('***');
      // At most the characters that the secret shares with its neighbours are left of it.
      expect(Buffer.from(hidden.split('***').join(''), 'base64').length).toBeLessThanOrEqual(Buffer.byteLength(before + after) + 2);
    }
  });

  it('knows a secret without the line break at its end', () => {
    expect(masked('<abcdefgh>', { secrets: { S: 'abcdefgh\n' } })).toBe('<***>');
  });

  it('does not fail for a lone surrogate', () => {
    expect(masked('x abcdefgh\ud800 x', { secrets: { S: 'abcdefgh\ud800' } })).toBe('x *** x');
  });
});

describe('a masked text', () => {
  it('counts what it replaced', () => {
    expect(new Masker(['aaaaaaaa', 'bbbbbbbb']).replace('aaaaaaaa bbbbbbbb aaaaaaaa')).toEqual({ text: '*** *** ***', count: 3 });
    expect(new Masker(['aaaaaaaa']).replace('nothing')).toEqual({ text: 'nothing', count: 0 });
  });

  it('leaves no rest of secrets that contain or overlap each other', () => {
    expect(new Masker(['abcdefgh', 'efghijkl']).replace('x abcdefghijkl x')).toEqual({ text: 'x *** x', count: 1 });
    expect(new Masker(['abcdefghijkl', 'abcdefgh']).replace('x abcdefghijkl x')).toEqual({ text: 'x *** x', count: 1 });
  });

  it('takes a text of 20 MB in about a second', () => {
    const mask = maskOf([connection({ secrets: { A: 'a'.repeat(20), B: 'secret-b-secret', C: 'aaaaaaaab' } })]);
    const started = process.cpuUsage();
    expect(mask.replace(`${'a'.repeat(10_000_000)}${'aaaab '.repeat(1_700_000)}`).count).toBeGreaterThan(1);
    expect(process.cpuUsage(started).user / 1_000).toBeLessThan(5_000);
  });
});

describe('a masked value', () => {
  const secrets = ['secret-1', 'secret-2'];

  it('masks strings and keys at any depth and keeps everything else', () => {
    const value = { a: ['x secret-1', 5, null, true, { 'secret-2': 'secret-1secret-2' }] };
    expect(new Masker(secrets).value(value)).toEqual({ value: { a: ['x ***', 5, null, true, { '***': '******' }] }, count: 4 });
  });

  it('keeps both of two keys that masking makes equal', () => {
    expect(new Masker(secrets).value({ 'secret-1': 1, 'secret-2': 2, '***': 3 }).value).toEqual({ '***': 1, '*** (2)': 2, '*** (3)': 3 });
  });

  it('keeps a key named __proto__', () => {
    const value = JSON.parse('{"__proto__":{"x":"secret-1"}}') as JsonValue;
    expect(JSON.stringify(new Masker(secrets).value(value).value)).toBe('{"__proto__":{"x":"***"}}');
  });

  it('finds secrets that JSON escapes', () => {
    const secret = 'a"b\\c\nd\u2028e-secret';
    expect(new Masker([secret]).value([`<${secret}>`])).toEqual({ value: ['<***>'], count: 1 });
  });

  it('gives back the value itself when there is nothing to mask, whatever it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (generated) => {
        const value = generated as JsonValue;
        expect(new Masker(['a secret that is not generated']).value(value)).toEqual({ value, count: 0 });
      }),
    );
  });

  it('leaves no secret anywhere, whatever the value is', () => {
    const leaf = fc.oneof(fc.string(), fc.string().map((text) => `${text}secret-1${text}`), fc.integer());
    const { tree } = fc.letrec<{ tree: JsonValue }>((tie) => ({
      tree: fc.oneof({ maxDepth: 4 }, leaf, fc.array(tie('tree')), fc.dictionary(fc.constantFrom('a', 'secret-1', 'xsecret-2'), tie('tree'))),
    }));
    fc.assert(
      fc.property(tree, (value) => {
        const json = JSON.stringify(new Masker(secrets).value(value).value);
        expect(secrets.some((secret) => json.includes(secret))).toBe(false);
      }),
    );
  });
});
