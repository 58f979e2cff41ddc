import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject, JsonValue } from './json.js';
import {
  collectValues,
  NAMESPACES,
  referencesIn,
  resolve,
  resolveText,
  scopeLookup,
  valuesLookup,
  type Scope,
} from './references.js';

const options = { numRuns: 1000 };
// Few names, so that references often hit something, at several depths and in several namespaces.
const key = fc.constantFrom('a', 'b', 'c', 'index', '0', '1', 'length', '__proto__', 'constructor', 'input', 'steps', 'ü 1');
const leaf = fc.oneof(
  fc.constantFrom('', 'v', '{input.a}', '{input', '.a}', '$', '{', '}', '\ud800'),
  fc.string(),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constant(null),
);
const { json, object } = fc.letrec<{ json: JsonValue; object: JsonObject }>((tie) => ({
  json: fc.oneof({ depthSize: 'small', withCrossShrink: true }, leaf, tie('object'), fc.array(tie('json'), { maxLength: 3 })),
  object: fc
    .uniqueArray(fc.tuple(key, tie('json')), { maxLength: 4, selector: ([name]) => name })
    .map((entries) => JSON.parse(`{${entries.map(([k, v]) => `${JSON.stringify(k)}:${JSON.stringify(v)}`).join()}}`) as JsonObject),
}));
const scopes: fc.Arbitrary<Scope> = fc.record(
  {
    input: object,
    steps: object,
    env: fc.dictionary(fc.constantFrom('a', 'b', 'index'), fc.string()),
    context: object,
    item: fc.record({ value: json, index: fc.nat() }),
    aliases: fc.record({ row: json }),
  },
  { requiredKeys: ['input', 'steps', 'env', 'context'] },
);
const path = fc
  .tuple(fc.constantFrom(...NAMESPACES, 'context', 'item', 'row', 'other'), fc.array(key, { maxLength: 4 }))
  .map(([namespace, segments]) => [namespace, ...segments].join('.'));
const noise = fc.constantFrom('{', '}', '$', '.', ' ', '{}', '{input', '{a,b}', '"', 'text', '\n', '\udc00');
const text = fc
  .array(fc.oneof(path.map((p) => `{${p}}`), noise, fc.string({ maxLength: 4 })), { maxLength: 8 })
  .map((parts) => parts.join(''));
const { template } = fc.letrec<{ template: JsonValue }>((tie) => ({
  template: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    path.map((p) => `{${p}}`),
    text,
    leaf,
    fc.array(tie('template'), { maxLength: 3 }),
    fc.dictionary(key, tie('template'), { maxKeys: 3 }),
  ),
}));

/** The format's rules, said naively: what the text consists of, reference by reference. */
function naiveText(written: string, find: (path: string) => JsonValue | undefined): string {
  return written.replace(/(\$?)\{([^{}.]+(?:\.[^{}.]+)*)\}/g, (whole, dollar: string, found: string) => {
    const value = dollar === '$' && !found.includes('.') ? undefined : find(found);
    return value === undefined ? whole : `${dollar}${typeof value === 'string' ? value : JSON.stringify(value)}`;
  });
}

describe('resolve, for any template and scope', () => {
  it('never throws and keeps the shape of everything that is no string', () => {
    fc.assert(
      fc.property(template, scopes, (value, scope) => {
        expectSameShape(value, resolve(value, scopeLookup(scope)));
      }),
      options,
    );
  });

  it('puts in exactly the references that are written, and never scans inserted text', () => {
    fc.assert(
      fc.property(text, scopes, (written, scope) => {
        const find = scopeLookup(scope);
        const byPath = (found: string): JsonValue | undefined => {
          const [namespace = '', ...segments] = found.split('.');
          return find(namespace, segments);
        };
        expect(resolveText(written, find)).toBe(naiveText(written, byPath));
      }),
      options,
    );
  });

  it('yields the very value of an exact reference, or the text when there is none', () => {
    fc.assert(
      fc.property(path, scopes, fc.constantFrom('', ' ', '\n'), (reference, scope, space) => {
        const find = scopeLookup(scope);
        const [namespace = '', ...segments] = reference.split('.');
        const written = `${space}{${reference}}${space}`;
        const value = find(namespace, segments);
        expect(resolve(written, find)).toBe(value === undefined ? written : value);
      }),
      options,
    );
  });

  it('looks up no more often than there are closing braces', () => {
    fc.assert(
      fc.property(text, (written) => {
        let lookups = 0;
        resolve(written, () => {
          lookups++;
          return undefined;
        });
        expect(lookups).toBeLessThanOrEqual(written.split('}').length);
      }),
      options,
    );
  });

  it('does not change the template or the scope', () => {
    fc.assert(
      fc.property(template, scopes, (value, scope) => {
        const before = JSON.stringify([value, scope]);
        resolve(value, scopeLookup(scope));
        expect(JSON.stringify([value, scope])).toBe(before);
      }),
    );
  });
});

function expectSameShape(written: JsonValue, resolved: JsonValue): void {
  if (typeof written === 'string') return;
  if (typeof written !== 'object' || written === null) return expect(resolved).toBe(written);
  expect(Array.isArray(resolved)).toBe(Array.isArray(written));
  const [from, to] = [Object.entries<JsonValue>({ ...written }), Object.entries<JsonValue>({ ...(resolved as JsonObject) })];
  expect(to.map(([name]) => name)).toEqual(from.map(([name]) => name));
  from.forEach(([, child], i) => expectSameShape(child, to[i]?.[1] ?? null));
}

describe('collected values, for any template and scope', () => {
  it('resolve to the same as the scope itself, also after a trip as JSON', () => {
    fc.assert(
      fc.property(template, scopes, (value, scope) => {
        const direct = scopeLookup(scope);
        const values = collectValues(referencesIn(value, ['row']), direct);
        const expected = JSON.stringify(resolve(value, direct));
        expect(JSON.stringify(resolve(value, valuesLookup(values)))).toBe(expected);
        const sent = JSON.parse(JSON.stringify(values)) as typeof values;
        expect(JSON.stringify(resolve(value, valuesLookup(sent)))).toBe(expected);
      }),
      { numRuns: 3000 },
    );
  });

  it('hold no value that a shorter path holds already', () => {
    fc.assert(
      fc.property(fc.array(path, { maxLength: 8 }), scopes, (paths, scope) => {
        const direct = scopeLookup(scope);
        const values = collectValues(paths, direct);
        for (const kept of Object.keys(values)) {
          const others = Object.entries(values).filter(([other]) => other !== kept);
          const [namespace = '', ...segments] = kept.split('.');
          expect(valuesLookup(Object.fromEntries(others))(namespace, segments)).not.toBe(values[kept]);
        }
      }),
      options,
    );
  });
});

describe('referencesIn, for any template', () => {
  it('lists every path that resolving looks up in a known namespace, once', () => {
    fc.assert(
      fc.property(template, (value) => {
        const seen = new Set<string>();
        resolve(value, (namespace, segments) => {
          const known = NAMESPACES.includes(namespace) && !(namespace === 'context' && segments.length === 0);
          if (known) seen.add([namespace, ...segments].join('.'));
          return undefined;
        });
        const listed = referencesIn(value);
        expect(new Set(listed)).toEqual(seen);
        expect(listed).toHaveLength(seen.size);
      }),
      options,
    );
  });
});
