import fc, { type Arbitrary } from 'fast-check';
import { isObject, type JsonObject, type JsonValue } from '../../src/definition/json.js';
import type { OpenApi } from './openapi.js';

const DEEPEST = 4;
/** Fields and parameters that need not be there: with more of them hardly any request would be taken. */
const MOST_OPTIONAL = 2;
const LONGEST = 12;

/** Stand for a number that no double holds, and for arrays in arrays as deep as no stack; see {@link jsonOf}. */
const [HUGE, DEEP] = ['@@huge@@', '@@deep@@'];
const DEPTH = 20_000;

/** Text that an answer to a request could go wrong at. */
export const nastyText: Arbitrary<string> = fc.constantFrom(
  '', ' ', '\0', 'a\0b', '\ud800', 'x\udfff', '\u202e', 'ü😀', '\n', '\r\nx-evil: 1', '__proto__', 'constructor', 'toString', '../..', '..', '.', '/', 'a/b', '%00', '%', '%2f', '\\',
  "';--", '"', '{env.X}', '{steps.x.y}', '-1', '0', 'NaN', '1e309', 'null', 'undefined', 'true', '[object Object]', '2026-02-30T00:00:00Z', '+275760-09-14T00:00:00.000Z', '9999-12-31T23:59:59+23:59', '0000-01-01T00:00:00Z',
  'x'.repeat(300), 'x'.repeat(1_100), 'ü'.repeat(2_500), 'WzFd', 'W10', 'e30', Buffer.from('[1e309]').toString('base64url'), Buffer.from('["\\u0000","\\u0000"]').toString('base64url'),
  Buffer.from('["9999-12-31T23:59:59Z","00000000-0000-0000-0000-000000000000"]').toString('base64url'), '00000000-0000-0000-0000-000000000000', 'native:shell', 'a:b', '*', 'W/"1"', '"1"',
);

/** Values that stand where a schema expects something else. */
export const nastyValue: Arbitrary<JsonValue> = fc.oneof(
  nastyText,
  fc.constantFrom<JsonValue[]>(null, true, false, 0, -1, 1.5, 2 ** 31, 2 ** 53, 1e21, 1e308, -1e308, HUGE, DEEP, DEEP, [], {}, [null], [[]], { a: {} }),
  fc.constantFrom('x'.repeat(20_000), '\0'.repeat(3)),
  fc.integer({ min: 10, max: 2_000 }).map(nested),
  fc.jsonValue({ maxDepth: 2 }) as Arbitrary<JsonValue>,
  fc.constant(JSON.parse('{"__proto__": {"isAdmin": true}, "constructor": {"prototype": null}}') as JsonValue),
);

/** JSON text of a value. */
export function jsonOf(value: JsonValue | undefined): string {
  return (JSON.stringify(value) ?? '').replaceAll(JSON.stringify(HUGE), '1e999').replaceAll(JSON.stringify(DEEP), `${'['.repeat(DEPTH)}${']'.repeat(DEPTH)}`);
}

function nested(depth: number): JsonValue {
  let value: JsonValue = 1;
  for (let n = 0; n < depth; n += 1) value = n % 2 === 0 ? [value] : { a: value };
  return value;
}

/** Values that mostly fit a JSON Schema of the document. */
export function arbitraryOf(schema: JsonValue | undefined, document: OpenApi, depth = 0): Arbitrary<JsonValue> {
  if (!isObject(schema)) return anything;
  const inner = (next: JsonValue | undefined): Arbitrary<JsonValue> => arbitraryOf(next, document, depth + 1);
  const { $ref, anyOf, oneOf, allOf, type } = schema;
  if (typeof $ref === 'string') return depth > DEEPEST ? fc.constant(null) : inner(resolve($ref, document));
  if ('const' in schema) return fc.constant(schema['const'] ?? null);
  if (Array.isArray(schema['enum'])) return fc.constantFrom(...schema['enum']);
  const choices = anyOf ?? oneOf ?? allOf;
  if (Array.isArray(choices)) return fc.oneof(...choices.map(inner));
  if (Array.isArray(type)) return fc.oneof(...type.map((each) => inner({ ...schema, type: each })));
  switch (type) {
    case 'object':
      return objectOf(schema, inner, depth);
    case 'array':
      return depth > DEEPEST ? fc.constant([]) : fc.array(inner(schema['items']), { minLength: numberIn(schema, 'minItems', 0), maxLength: 3 });
    case 'string':
      return textOf(schema);
    case 'integer':
      return fc.oneof(fc.constant(Math.max(numberIn(schema, 'minimum', 1), 1)), fc.integer({ min: Math.max(numberIn(schema, 'minimum', -5), -5), max: 5 }), fc.maxSafeInteger());
    case 'number':
      return fc.double({ noNaN: true, noDefaultInfinity: true });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    default:
      return anything;
  }
}

const anything = fc.jsonValue({ maxDepth: 2 }) as Arbitrary<JsonValue>;

/** Some of what need not be there. */
export function some<T>(optional: readonly T[], most = MOST_OPTIONAL): Arbitrary<T[]> {
  return fc.subarray([...optional], { maxLength: Math.min(most, optional.length) });
}

function objectOf({ properties, required, additionalProperties }: JsonObject, inner: (schema: JsonValue | undefined) => Arbitrary<JsonValue>, depth: number): Arbitrary<JsonValue> {
  const needed = new Set(Array.isArray(required) ? required : []);
  const fields = isObject(properties) ? Object.entries(properties) : [];
  const [always, sometimes] = [fields.filter(([name]) => needed.has(name)), fields.filter(([name]) => !needed.has(name))];
  const known = some(sometimes, depth > DEEPEST ? 0 : MOST_OPTIONAL).chain((chosen) => fc.record(Object.fromEntries([...always, ...chosen].map(([name, schema]) => [name, inner(schema)]))));
  if (!isObject(additionalProperties) || depth > DEEPEST) return known;
  const more = fc.dictionary(fc.string({ maxLength: LONGEST }), inner(additionalProperties), { maxKeys: 3 });
  return fc.tuple(known, more).map(([a, b]) => ({ ...b, ...a }));
}

function textOf(schema: JsonObject): Arbitrary<string> {
  const { format } = schema;
  if (format === 'date-time') return fc.date({ noInvalidDate: true, min: new Date('1990-01-01'), max: new Date('2090-01-01') }).map((at) => at.toISOString());
  if (format === 'uuid') return fc.uuid();
  return fc.string({ unit: 'grapheme', minLength: Math.min(numberIn(schema, 'minLength', 0), LONGEST), maxLength: Math.min(numberIn(schema, 'maxLength', LONGEST), LONGEST) });
}

function numberIn(schema: JsonObject, name: string, otherwise: number): number {
  const value = schema[name];
  return typeof value === 'number' ? value : otherwise;
}

function resolve(ref: string, document: OpenApi): JsonValue | undefined {
  return ref.replace(/^#\//, '').split('/').reduce<JsonValue | undefined>((value, key) => (isObject(value) ? value[key.replaceAll('~1', '/').replaceAll('~0', '~')] : undefined), document as unknown as JsonObject);
}

/** A change of a value that makes it fit its schema no longer. */
export interface Mutation {
  /** Which place, counted over all places of the value. */
  readonly place: number;
  readonly change: 'replace' | 'remove' | 'add';
  readonly name: string;
  readonly value: JsonValue;
}

export const mutation: Arbitrary<Mutation> = fc.record({
  place: fc.nat(1_000),
  change: fc.constantFrom('replace' as const, 'replace' as const, 'remove' as const, 'add' as const),
  name: fc.oneof(fc.constantFrom('__proto__', 'constructor', 'extra'), nastyText),
  value: nastyValue,
});

/** The value with one place of it changed. */
export function mutated(root: JsonValue, { place, change, name, value }: Mutation): JsonValue {
  const copy = JSON.parse(JSON.stringify(root)) as JsonValue;
  const places = placesOf(copy, DEEPEST * 2);
  const chosen = places[place % (places.length + 1)];
  if (chosen === undefined) return change === 'add' && isObject(copy) ? withMember(copy, name, value) : value;
  const { holder, key } = chosen;
  if (change === 'add' && !Array.isArray(holder)) withMember(holder, name, value);
  else if (change === 'remove' && !Array.isArray(holder)) delete holder[key];
  else withMember(holder as JsonObject, key, value);
  return copy;
}

function placesOf(value: JsonValue, depth: number): { holder: JsonObject | JsonValue[]; key: string }[] {
  if (typeof value !== 'object' || value === null || depth === 0) return [];
  return Object.entries(value).flatMap(([key, inner]) => [{ holder: value, key }, ...placesOf(inner, depth - 1)]);
}

/** Also when the name is `__proto__`. */
function withMember(holder: JsonObject, name: string, value: JsonValue): JsonObject {
  return Object.defineProperty(holder, name, { value, enumerable: true, writable: true, configurable: true });
}
