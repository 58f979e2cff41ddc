import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rawMember, withRawMember } from './raw-json.js';

describe('a member as it is written', () => {
  it.each([
    ['{"a":1,"d":  { "x" : 1.0 , "y":[ ] } ,"b":2}', '{ "x" : 1.0 , "y":[ ] }'],
    ['{"d":1e400}', '1e400'],
    ['{"d":-0.0}', '-0.0'],
    ['{"d":"a\\u0000\\"}"}', '"a\\u0000\\"}"'],
    ['{"d":{"x":1},"d":{"x":2}}', '{"x":2}'],
    ['{"\\u0064":true}', 'true'],
    ['{"x":{"d":1},"y":["d",{"d":2}],"z":"d"}', undefined],
    ['{"__proto__":{"d":1},"d":null}', 'null'],
    ['[{"d":1}]', undefined],
    ['"d"', undefined],
    ['{}', undefined],
  ])('of %s is %s', (json, expected) => {
    expect(rawMember(json, 'd')).toBe(expected);
  });

  it('is what JSON.parse finds, for any value in any place', () => {
    fc.assert(
      fc.property(fc.json(), fc.json(), fc.constantFrom(undefined, 1, '\t'), (first, second, indent) => {
        const json = JSON.stringify({ a: JSON.parse(first) as unknown, d: JSON.parse(second) as unknown, z: 'd' }, null, indent);
        expect(JSON.parse(rawMember(json, 'd') ?? '')).toEqual(JSON.parse(second));
        expect(json).toContain(rawMember(json, 'd'));
      }),
    );
  });

  it('is found below a million brackets', () => {
    expect(rawMember(`{"a":${'['.repeat(1e6)}${']'.repeat(1e6)},"d":3}`, 'd')).toBe('3');
  });

  it('is put into an answer as it is', () => {
    expect(withRawMember({ a: 1 }, 'd', '{ "x": 1.0 }')).toBe('{"a":1,"d":{ "x": 1.0 }}');
    expect(withRawMember({}, 'd', '1e400')).toBe('{"d":1e400}');
  });
});
