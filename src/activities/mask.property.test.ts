import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Tail } from '../kinds/script/output.js';
import { statusFailure } from '../kinds/api-call/failures.js';
import type { Outgoing } from '../kinds/api-call/request.js';
import type { Connection } from './connection.js';
import { maskOf } from './mask.js';

/** As many letters of a secret in a row as may be left of it. */
const MOST_LEFT = 7;

const connection = (secrets: { [name: string]: string }): Connection => ({
  skill: 'acme:crm',
  permissions: [],
  env: {},
  secrets,
  headers: {},
  hosts: [],
  revision: 'r',
});

const lines = (text: string, width: number) => text.replace(new RegExp(`.{${width}}`, 'gs'), '$&\n');
const bytes = (text: string) => [...Buffer.from(text)];
/** What an escaped character is left as by every tool. */
const PLAIN = /[A-Za-z0-9]/;
const each = (text: string, write: (char: string) => string) => [...text].map((char) => (PLAIN.test(char) ? char : write(char))).join('');
const hex = (value: number, digits = 2) => value.toString(16).padStart(digits, '0');
const unicode = (text: string, prefix = '\\u') => [...Array(text.length).keys()].map((i) => prefix + hex(text.charCodeAt(i), 4)).join('');

const ENCODERS: { [name: string]: (text: string) => string } = {
  none: (text) => text,
  JSON: (text) => JSON.stringify(text).slice(1, -1),
  'JSON of Go': (text) => each(JSON.stringify(text).slice(1, -1), (char) => ('<>&'.includes(char) ? unicode(char) : char)),
  'JSON of PHP': (text) => unicodeOutsideAscii(JSON.stringify(text).slice(1, -1)).replaceAll('/', '\\/'),
  'JSON of Python': (text) => unicodeOutsideAscii(JSON.stringify(text).slice(1, -1)),
  'percent encoding': (text) => encodeURIComponent(text),
  'lower-case percent encoding': (text) => encodeURIComponent(text).replace(/%../g, (found) => found.toLowerCase()),
  'form encoding': (text) => new URLSearchParams([['', text]]).toString().slice(1),
  'URL as a browser writes it': (text) => new URL(`http://h/?o=${text.replace(/[#\r\n\t]/g, encodeURIComponent)}`).search.slice(3),
  'every byte percent encoded': (text) => bytes(text).map((byte) => `%${hex(byte)}`).join(''),
  base64: (text) => Buffer.from(text).toString('base64'),
  base64url: (text) => Buffer.from(text).toString('base64url'),
  'base64 in lines of 76': (text) => lines(Buffer.from(text).toString('base64'), 76),
  'base64 in lines of 16': (text) => lines(Buffer.from(text).toString('base64'), 16),
  hexadecimal: (text) => Buffer.from(text).toString('hex'),
  'upper-case hexadecimal': (text) => Buffer.from(text).toString('hex').toUpperCase(),
  'hexadecimal in pairs': (text) => Buffer.from(text).toString('hex').replace(/..(?=.)/g, '$& '),
  "bash's %q": (text) => each(text, (char) => `\\${char}`),
  "bash's $'…'": (text) => `$'${each(text, (char) => bytes(char).map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join(''))}'`,
  'single quotes': (text) => `'${text.replaceAll("'", `'\\''`)}'`,
  "Python's repr of bytes": (text) => each(text, (char) => bytes(char).map((byte) => `\\x${hex(byte)}`).join('')),
  'HTML entities': (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;'),
  'numeric entities': (text) => each(text, (char) => `&#x${hex(char.codePointAt(0) ?? 0)};`),
  'one per line': (text) => [...text].join('\n'),
};

function unicodeOutsideAscii(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, (char) => unicode(char));
}

/** Two encoders one after the other, as they are met: anything escaped again, and the usual forms in base64 and hexadecimal. */
const AGAIN: { [outer: string]: readonly string[] } = {
  JSON: Object.keys(ENCODERS),
  'percent encoding': ['none', 'percent encoding', 'base64', 'hexadecimal', 'upper-case hexadecimal', 'base64url'],
  'HTML entities': ['none', 'JSON', 'percent encoding', 'base64', 'hexadecimal', 'HTML entities'],
  base64: ['JSON', 'percent encoding', 'base64', 'hexadecimal'],
  'base64 in lines of 76': ['JSON', 'percent encoding', 'base64', 'hexadecimal'],
  hexadecimal: ['JSON', 'percent encoding', 'base64', 'hexadecimal'],
};
const PIPELINES = [
  ...Object.keys(ENCODERS).map((name) => [name]),
  ...Object.entries(AGAIN).flatMap(([outer, inner]) => inner.map((name) => [name, outer])),
];

function encodeBy(pipeline: readonly string[], text: string): string {
  return pipeline.reduce((encoded, name) => ENCODERS[name]?.(encoded) ?? encoded, text);
}

const secret = fc
  .oneof(
    fc.stringMatching(/^[A-Za-z0-9_-]{12,60}$/),
    fc.string({ minLength: 12, maxLength: 60, unit: 'grapheme-ascii' }),
    fc.string({ minLength: 12, maxLength: 40, unit: fc.constantFrom(...'abcXYZ019+/=&<>"\'\\$ %äß€😀:;.') }),
    fc.array(fc.stringMatching(/^[A-Za-z0-9+/]{64}$/), { minLength: 2, maxLength: 8 }).map((key) => `-----BEGIN KEY-----\n${key.join('\n')}\n-----END KEY-----\n`),
    fc.stringMatching(/^[1-9][0-9]{11,14}$/),
  )
  // Signs at the ends may keep their escapes, which are a letter or two of the secret.
  .map((text) => `k${text.trim()}z`.replace(/%(?=[0-9a-f])/gi, '%-'))
  // White space and quotes alone are nobody's secret.
  .filter((text) => text.trim().replace(/[\s"'\\+]/g, '').length >= 8);

/** The longest part of the encoded secret that is in the text. */
function longestLeft(text: string, encoded: string): number {
  for (let length = Math.min(40, encoded.length); length > MOST_LEFT; length--) {
    for (let at = 0; at + length <= encoded.length; at++) {
      const part = encoded.slice(at, at + length);
      // What says nothing, such as padding and escapes, is not the secret's.
      if (new Set(part.replace(/[^A-Za-z0-9]/g, '')).size > 3 && text.includes(part)) return length;
    }
  }
  return 0;
}

it('a secret is masked whole, however it is encoded, wherever it stands and wherever the text is cut', () => {
  fc.assert(
    fc.property(secret, fc.constantFrom(...PIPELINES), fc.nat(150), fc.nat(150), fc.nat(700), (text, pipeline, before, after, chars) => {
      const encoded = encodeBy(pipeline, text.trim());
      const mask = maskOf([connection({ S: text })]);
      const whole = `${'. '.repeat(before)}<${encoded}>${' .'.repeat(after)}`;
      expect(longestLeft(mask.text(whole), encoded)).toBe(0);
      expect(longestLeft(JSON.stringify(mask.value({ deep: [whole], [whole]: 1 }).value), encoded)).toBe(0);
      expect(longestLeft(mask.start(whole, chars), encoded)).toBe(0);
      expect(longestLeft(mask.end(whole, chars), encoded)).toBe(0);
    }),
    { numRuns: 200 },
  );
});

describe('a cut that the worker makes', () => {
  it('through a stream of chunks leaves nothing of a secret', () => {
    fc.assert(
      fc.property(secret, fc.nat(900), fc.nat(900), fc.integer({ min: 1, max: 50 }), (text, before, after, size) => {
        const mask = maskOf([connection({ S: text })]);
        const tail = new Tail(500, mask);
        const written = Buffer.from(`${'x'.repeat(before)}${text}\n${'y'.repeat(after)}\n`);
        for (let at = 0; at < written.length; at += size) {
          tail.add(written.subarray(at, at + size));
          expect(longestLeft(tail.lines(), text)).toBe(0);
        }
      }),
      { numRuns: 20 },
    );
  });

  it('through the body of a refused call leaves nothing of a secret', () => {
    fc.assert(
      fc.property(secret, fc.integer({ min: 3900, max: 4100 }), (text, before) => {
        const mask = maskOf([connection({ S: text })]);
        const response = { statusCode: 400, headers: {} } as Parameters<typeof statusFailure>[2];
        const failure = statusFailure('GET', { mask } as unknown as Outgoing, response, `${'x'.repeat(before)}${text}`);
        expect(longestLeft(failure.message, text)).toBe(0);
      }),
    );
  });
});

describe('what else is masked', () => {
  it('numbers whose digits are a secret', () => {
    const mask = maskOf([connection({ PIN: '8305917264403' })]);
    expect(mask.value({ n: 8305917264403, list: [1, 8305917264403], other: 8305917264404 }).value).toEqual({ n: '***', list: [1, '***'], other: 8305917264404 });
  });

  it('one line of a secret of several, also where the secret writes its line breaks as escapes', () => {
    const [first, second] = ['MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj', 'AgEAAoIBAQC7VJTUt9Us8cKjMzEfYyjiWA4R4'];
    for (const text of [`-----BEGIN-----\n${first}\n${second}\n`, `-----BEGIN-----\\n${first}\\n${second}\\n`]) {
      expect(maskOf([connection({ PEM: text })]).text(`x ${second} x`)).toBe('x *** x');
    }
  });

  it('the key inside a secret that is JSON, and not what else it says', () => {
    const key = 'a-private-key-of-an-account';
    const mask = maskOf([connection({ FILE: JSON.stringify({ type: 'service_account', private_key: key, auth_uri: 'https://accounts.example.com/auth' }) })]);
    expect(mask.text(`service_account ${key} https://accounts.example.com/auth`)).toBe('service_account *** https://accounts.example.com/auth');
  });

  it('nothing of texts that only look alike', () => {
    const mask = maskOf([connection({ A: 'my-company-name', B: 'production-database' })]);
    const text = 'My Company Name, production, database, production_database, mycompanyname';
    expect(mask.text(text)).toBe(text);
  });
});

it('takes a time linear in the text, whatever the number and form of secrets', () => {
  const pem = `-----BEGIN KEY-----\n${Array.from({ length: 26 }, (_, i) => String.fromCharCode(65 + i).repeat(20) + 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGH').join('\n')}\n-----END KEY-----`;
  const mask = maskOf([connection({ PEM: pem, T: 'a-token-of-a-service', N: '12345678901' })]);
  const cost = (text: string) => {
    const begun = process.cpuUsage().user;
    mask.value({ text });
    return (process.cpuUsage().user - begun) / 1_000_000;
  };
  const units = ['some ordinary text, 12345678 ', '\\\\\\\\\\\\\\\\', '%25%25%25%25', '&amp;&amp;&amp;', 'AAAAAAAAAAAAAAAA', 'a-token-of-a-servic'];
  for (const unit of units) expect(cost(unit.repeat(Math.ceil(8_000_000 / unit.length)))).toBeLessThan(8);
});
