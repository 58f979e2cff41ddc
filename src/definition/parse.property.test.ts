import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DistriError, InvalidDefinitionError, type Problem } from './errors.js';
import { isObject, type JsonValue } from './json.js';
import { checkStart, parseWorkflow, validateWorkflow } from './parse.js';
import type { Path } from './problems/path.js';

const DOCUMENT: JsonValue = {
  id: 'x',
  input_schema: { type: 'object', properties: { a: { type: 'string', pattern: '^a' } }, required: ['a'] },
  steps: [
    {
      id: 'a',
      kind: { type: 'tool_call', tool_name: 't', input: {} },
      input: { x: '{input.a}' },
      skip_if: '{input.b}',
    },
    {
      id: 'b',
      kind: { type: 'api_call', method: 'GET', url: 'https://x.y/{input.a}', headers: { 'X-A': 'a' } },
      depends_on: ['a'],
      requires: [{ skill: 'google:drive', permissions: ['p'] }],
      retry: { max_attempts: 2 },
    },
    {
      id: 'c',
      kind: {
        type: 'condition',
        expression: '{steps.b.ok}',
        if_true: { type: 'wait_for_input', message: 'm', schema: { properties: { ok: { type: 'boolean' } } } },
      },
      depends_on: ['b'],
    },
  ],
  entry_points: [
    { id: 'e', starts_at: 'b', preset_results: { a: 1 }, required_inputs: ['a'], triggers: [{ type: 'manual' }] },
  ],
};
const HOSTILE: JsonValue[] = [
  '{steps.x',
  '(',
  '__proto__',
  { $ref: '#' },
  [null],
  'native:x',
  { type: 'condition', if_true: 3 },
];

function pathsIn(value: JsonValue, path: Path = []): Path[] {
  const entries = Array.isArray(value) ? [...value.entries()] : isObject(value) ? Object.entries(value) : [];
  return [...(path.length > 0 ? [path] : []), ...entries.flatMap(([key, child]) => pathsIn(child, [...path, key]))];
}

function replace(document: JsonValue, path: Path, value: JsonValue): void {
  let at: unknown = document;
  for (const key of path.slice(0, -1)) at = typeof at === 'object' && at !== null ? Reflect.get(at, key) : undefined;
  const last = path.at(-1);
  if (typeof at === 'object' && at !== null && last !== undefined) Reflect.set(at, last, value);
}

function problemsOf(text: string, format: 'json' | 'yaml'): Problem[] {
  try {
    return parseWorkflow(text, { format }).problems;
  } catch (error) {
    if (!(error instanceof InvalidDefinitionError)) throw error;
    return error.problems;
  }
}

const change = fc.tuple(
  fc.constantFrom(...pathsIn(DOCUMENT)),
  fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.constantFrom(...HOSTILE)),
);

test('whatever is changed in a document, it is judged alike as value, JSON and YAML, and every problem has a position', () => {
  fc.assert(
    fc.property(fc.array(change), (changes) => {
      const document = structuredClone(DOCUMENT);
      for (const [path, value] of changes) replace(document, path, structuredClone(value as JsonValue));
      const text = JSON.stringify(document);
      const { valid, definition, problems } = validateWorkflow(JSON.parse(text));
      expect(valid).toBe(definition !== undefined);
      expect(valid).toBe(problems.every(({ severity }) => severity === 'warning'));
      for (const format of ['json', 'yaml'] as const) {
        const found = problemsOf(text, format);
        expect(found.map(({ code, path }) => `${code} ${path}`).sort()).toEqual(
          problems.map(({ code, path }) => `${code} ${path}`).sort(),
        );
        expect(found.every(({ line, column }) => line === 1 && column !== undefined && column >= 1)).toBe(true);
      }
      if (definition === undefined) return;
      try {
        checkStart(definition, { input: { a: 'a' }, entryPoint: 'e' });
      } catch (error) {
        expect(error).toBeInstanceOf(DistriError);
      }
    }),
    { numRuns: 200 },
  );
});

test('any text is read or refused, never anything else', () => {
  const characters = fc.constantFrom(...'a0: \n\t-[]{}&*"\'|>?!#%,<\\', '\ud800', 'é');
  const text = fc.oneof(fc.string(), fc.string({ unit: characters, maxLength: 80 }));
  fc.assert(
    fc.property(text, fc.constantFrom('json', 'yaml'), (text, format) => {
      expect(Array.isArray(problemsOf(text, format))).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});
