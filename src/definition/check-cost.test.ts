import { describe, expect, it } from 'vitest';
import { answerProblems } from '../workflows/answer.js';
import type { JsonObject, JsonValue } from './json.js';
import { mismatches } from './input-schema.js';

const many = <T>(length: number, of: (index: number) => T): T[] => Array.from({ length }, (_, index) => of(index));
const named = (length: number, of: (index: number) => JsonValue): JsonObject => Object.fromEntries(many(length, (index) => [`p${index}`, of(index)]));

/** Schemas and values with which a request of a few megabytes took seconds, minutes or hours. */
const HOSTILE: { readonly [name: string]: readonly [JsonValue, JsonValue] } = {
  'unique objects': [{ uniqueItems: true }, many(100_000, (k) => ({ k }))],
  'unique lists': [{ items: { uniqueItems: true } }, many(50, () => many(3_000, (k) => [k]))],
  'enum of objects': [{ items: { enum: many(20_000, (k) => ({ k })) } }, many(20_000, (k) => ({ z: k }))],
  'enum of texts': [{ items: { enum: many(50_000, (k) => `a${k}`) } }, many(50_000, (k) => `b${k}`)],
  'many branches': [{ items: { anyOf: many(5_000, (k) => ({ const: k })) } }, many(50_000, (k) => `b${k}`)],
  'many properties': [{ items: { properties: named(10_000, () => ({ type: 'string' })) } }, many(20_000, () => ({}))],
  'required ones': [{ items: { required: many(10_000, (k) => `p${k}`) } }, many(20_000, () => ({}))],
  'many patterns': [{ patternProperties: Object.fromEntries(many(400, (k) => [`^p${k}x`, true])) }, named(100_000, () => 1)],
  'a long search': [{ items: { pattern: '[xz]*[xw]y' } }, many(500, () => 'x'.repeat(9_999))],
  'unevaluated ones': [{ allOf: many(300, (k) => ({ properties: { [`q${k}`]: true } })), unevaluatedProperties: false }, named(100_000, () => 1)],
  contains: [{ items: { contains: { const: 1 }, minContains: 3 } }, many(1_000, () => many(500, () => 0))],
};

function cpuMs(work: () => void): number {
  const begun = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(begun);
  return (user + system) / 1_000;
}

describe('a check', () => {
  it.each(Object.entries(HOSTILE))('takes no long time for %s', (_, [schema, value]) => {
    // Reading such a value takes as long; minutes or hours are what this is about.
    expect(cpuMs(() => mismatches(schema as JsonObject, value))).toBeLessThan(1_500);
    expect(cpuMs(() => answerProblems(schema, value))).toBeLessThan(1_500);
  });

  it('finds equal elements however their keys are ordered', () => {
    const schema = { uniqueItems: true };
    expect(mismatches(schema, [{ a: 1, b: [2] }, { b: [2], a: 1 }])).toEqual([{ path: [], message: 'must NOT have duplicate items' }]);
    for (const different of [[1, '1', true, null, [1], { 1: 1 }], [[], {}], ['a', 'b'], []]) expect(mismatches(schema, different)).toEqual([]);
    expect(mismatches({ uniqueItems: false }, [1, 1])).toEqual([]);
    expect(mismatches(schema, { no: 'list' })).toEqual([]);
  });

  it('is made of large values by schemas of an ordinary size', () => {
    const schema = { type: 'array', uniqueItems: true, items: { type: 'object', required: ['id'], properties: { id: { type: 'string', pattern: '^[a-z]+-\\d+$' }, n: { type: 'integer' } } } };
    expect(mismatches(schema, many(100_000, (n) => ({ id: `row-${n}`, n })))).toEqual([]);
  });
});
