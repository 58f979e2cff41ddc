import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inexactness, isKeptAsText, parseExact, roundedIn } from './exact-json.js';

const digits = fc.stringMatching(/^[1-9]\d{0,40}$/);
const literal = fc
  .tuple(fc.constantFrom('', '-'), fc.oneof(digits, fc.constant('0')), fc.option(fc.stringMatching(/^\d{1,25}$/)), fc.option(fc.integer({ min: -400, max: 400 })))
  .map(([sign, whole, fraction, exponent]) => `${sign}${whole}${fraction === null ? '' : `.${fraction}`}${exponent === null ? '' : `e${exponent}`}`);

describe('a number of JSON', () => {
  it.each([
    ['0', 0],
    ['-0', -0],
    ['1.0', 1],
    ['1.10', 1.1],
    ['1e2', 100],
    ['9007199254740991', 9007199254740991],
    ['9007199254740992', 9007199254740992],
    ['100000000000000000000', 1e20],
    ['1e21', 1e21],
    ['0.1', 0.1],
    ['5e-324', 5e-324],
    ['0e999', 0],
    ['9007199254740993', '9007199254740993'],
    ['-9007199254740993', '-9007199254740993'],
    ['9007199254740993.0', '9007199254740993.0'],
    ['12345678901234567890', '12345678901234567890'],
    ['9223372036854775807', '9223372036854775807'],
    ['1e400', '1e400'],
    ['-1E+400', '-1E+400'],
    ['1e-400', '1e-400'],
    ['0.1234567890123456789', 0.12345678901234568],
    ['3.141592653589793238', 3.141592653589793],
  ])('%s is %s', (text, expected) => {
    expect(parseExact(text).value).toBe(expected);
    expect(parseExact(`{"a":[${text}]}`).value).toEqual({ a: [expected] });
  });

  it('is never another number without a word', () => {
    fc.assert(
      fc.property(literal, (text) => {
        const { value, inexact } = parseExact(`[${text}]`);
        const [kept] = value as [string | number];
        if (inexact.length === 0) expect(typeof kept).toBe('number');
        if (typeof kept === 'string') expect(kept).toBe(text);
        else expect(kept).toBe(Number(text));
        // By another way: with BigInt, for integers.
        if (/^-?\d+$/.test(text)) expect(BigInt(kept)).toBe(BigInt(text));
        expect(inexact.length).toBe(inexactness(text) === undefined ? 0 : 1);
        expect(isKeptAsText(text)).toBe(typeof kept === 'string');
      }),
      { numRuns: 2000 },
    );
  });

  it('says where it is, in any document', () => {
    const numbers = fc.constantFrom('12345678901234567890', '1e400');
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), fc.string(), numbers, (other, key, number) => {
        const mark = '@@number@@';
        const json = JSON.stringify({ other, [key]: [other, { [`${key}"\\`]: mark }] }).replace(`"${mark}"`, number);
        const { value, inexact } = parseExact(json);
        const told = inexact.find(({ literal }) => literal === number);
        expect(told?.path).toEqual([key, 1, `${key}"\\`]);
        expect((told?.path ?? []).reduce<unknown>((at, segment) => Reflect.get(at as object, segment), value)).toBe(number);
      }),
    );
  });

  it('changes nothing else', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify([value, '12345678901234567890', { '9007199254740993': true }]);
        expect(parseExact(text)).toEqual({ value: JSON.parse(text) as unknown, inexact: [] });
      }),
    );
  });
});

describe('malformed JSON', () => {
  it.each(['{"token": secret-text}', 'secret-text', '{"a": "secret-text', '', '[1,]', '12345678901234567890x'])('%s is refused without being repeated', (text) => {
    const read = () => parseExact(text);
    expect(read).toThrow(SyntaxError);
    expect(read).not.toThrow(/secret/);
  });
});

it('finds integers that may have been rounded, in a value of any shape', () => {
  const value: { [key: string]: unknown } = { a: [1, 2 ** 53, { b: -1e20 }], c: 2 ** 53 - 1, d: 1.5e300, e: Infinity };
  value.f = value;
  expect(roundedIn(value, ['input'])).toEqual([['input', 'd'], ['input', 'a', 1], ['input', 'a', 2, 'b']].sort());
});

it('takes 8 MB in well under a second, whatever is in it', () => {
  const rows = Array.from({ length: 40_000 }, (_, id) => `{"id":9007199254740993,"name":"a name of a row ${id} with \\"quotes\\" and 12345678901234567890","n":[1,2.5,-3e10,12345678901234567890]}`);
  const texts = [`[${rows.join(',')}]`, `["${'\\\\'.repeat(4_000_000)}",12345678901234567890]`, `"${'1'.repeat(8_000_000)}"`, `${'['.repeat(200_000)}12345678901234567890${']'.repeat(200_000)}`];
  for (const text of texts) {
    const begun = process.cpuUsage().user;
    parseExact(text);
    expect((process.cpuUsage().user - begun) / 1_000).toBeLessThan(3_000);
  }
});
