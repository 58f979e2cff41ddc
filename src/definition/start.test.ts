import { describe, expect, test } from 'vitest';
import { InvalidInputError } from './errors.js';
import { checkStart, validateWorkflow, type StartRequest } from './parse.js';
import type { WorkflowDefinition } from './types.js';

function define(fields: object): WorkflowDefinition {
  const steps = [{ id: 'a', kind: { type: 'checkpoint', message: 'm' } }];
  const { definition, problems } = validateWorkflow({ id: 'x', steps, ...fields });
  if (definition === undefined) throw new Error(JSON.stringify(problems));
  return definition;
}

function refusal(fields: object, request: StartRequest): InvalidInputError | undefined {
  try {
    checkStart(define(fields), request);
    return undefined;
  } catch (error) {
    if (error instanceof InvalidInputError) return error;
    throw error;
  }
}

const schema = {
  type: 'object',
  properties: {
    id: { type: 'string' },
    n: { type: 'integer', minimum: 1 },
    mail: { format: 'email' },
    list: { items: { enum: ['a', 'b'] } },
  },
  required: ['id'],
  additionalProperties: false,
};

describe('input', () => {
  test('may be left out when nothing is required', () => {
    expect(refusal({}, {})).toBeUndefined();
    expect(refusal({ input_schema: null }, { input: {} })).toBeUndefined();
  });

  test.each([[null], [[]], ['text'], [5], [true]])('must be an object, not %j', (input) => {
    expect(refusal({}, { input })).toMatchObject({ code: 'INVALID_INPUT', problems: [{ path: '$.input' }] });
  });

  test('that fits the schema is fine', () => {
    expect(
      refusal({ input_schema: schema }, { input: { id: 'x', n: 3, mail: 'a@b.cd', list: ['a'] } }),
    ).toBeUndefined();
  });

  test('that does not fit is refused with every mismatch and its path', () => {
    const error = refusal({ input_schema: schema }, { input: { n: 0, mail: 'x', list: ['a', 'c'], 'o o': 1 } });
    expect(error?.code).toBe('INVALID_INPUT');
    expect(error?.message).toContain('validation failed');
    for (const text of ["'id'", '$.input.n ', '$.input.mail ', '$.input.list[1] must be one of "a", "b"', "'o o'"]) {
      expect(error?.message).toContain(text);
    }
    expect(error?.problems).toHaveLength(5);
  });

  test('is missing when the schema requires one', () => {
    expect(refusal({ input_schema: schema }, {})?.message).toContain('validation failed');
  });

  test("replaces the document's context.input whole", () => {
    const fields = { input_schema: schema, context: { input: { id: 'x' } } };
    expect(refusal(fields, {})).toBeUndefined();
    expect(refusal(fields, { input: { n: 1 } })?.message).toContain("'id'");
  });

  test('of the document must be an object as well', () => {
    expect(refusal({ context: { input: [] } }, {})?.code).toBe('INVALID_INPUT');
    expect(refusal({ context: { input: null } }, {})).toBeUndefined();
  });

  test('with a key __proto__ is data', () => {
    const input: unknown = JSON.parse('{"id":"x","__proto__":1}');
    expect(refusal({ input_schema: schema }, { input })?.message).toContain("'__proto__'");
    expect(refusal({}, { input })).toBeUndefined();
  });

  test('that is not JSON, or nested 10,000 deep, is refused', () => {
    expect(refusal({}, { input: { n: 1n } })).toMatchObject({ code: 'WRONG_TYPE', problems: [{ path: '$.input.n' }] });
    let deep: unknown = 1;
    for (let i = 0; i < 10_000; i++) deep = [deep];
    expect(refusal({}, { input: { deep } })?.code).toBe('NESTED_TOO_DEEP');
  });

  test('is not tried on patterns when it holds very long texts', () => {
    const input_schema = { properties: { a: { pattern: '^[^@]+@[^@]+\\.[^@]+$' } } };
    expect(refusal({ input_schema }, { input: { a: 'x@y.z' } })).toBeUndefined();
    expect(refusal({ input_schema }, { input: { a: 'x@'.repeat(10_000) } })?.message).toContain('10000 characters');
    expect(refusal({}, { input: { a: 'x@'.repeat(10_000) } })).toBeUndefined();
  });

  test.each([
    ['draft-07 tuples', { properties: { a: { items: [{ type: 'string' }] } } }],
    [
      'draft-07 by name',
      { $schema: 'http://json-schema.org/draft-07/schema#', properties: { a: { items: [{ type: 'string' }] } } },
    ],
    ['2020-12 tuples', { properties: { a: { prefixItems: [{ type: 'string' }] } } }],
  ])('is checked by schemas with %s', (_name, input_schema) => {
    expect(refusal({ input_schema }, { input: { a: ['x'] } })).toBeUndefined();
    expect(refusal({ input_schema }, { input: { a: [1] } })?.problems).toMatchObject([{ path: '$.input.a[0]' }]);
  });

  test('is checked by schemas with ids and local references, again and again', () => {
    const input_schema = {
      $id: 'https://x.y/s',
      id: 'old',
      properties: { a: { $ref: '#/$defs/n' } },
      $defs: { n: { type: 'number' } },
    };
    for (let i = 0; i < 3; i++) {
      expect(refusal({ input_schema }, { input: { a: 1 } })).toBeUndefined();
      expect(refusal({ input_schema }, { input: { a: 'x' } })).toBeDefined();
    }
  });
});

describe('entry points', () => {
  const fields = {
    entry_points: [
      { id: 'full', starts_at: 'a', required_inputs: ['url', '__proto__'] },
      { id: 'short', starts_at: 'a' },
    ],
  };

  test('that do not exist are named, with the nearest', () => {
    const error = refusal(fields, { entryPoint: 'ful' });
    expect(error).toMatchObject({ code: 'UNKNOWN_ENTRY_POINT', problems: [{ hint: "Did you mean 'full'?" }] });
    expect(error?.message).toContain("Entry point 'ful' not found");
    expect(refusal(fields, { entryPoint: 'zzzzzzzz' })?.message).toContain("'full', 'short'");
    expect(refusal({}, { entryPoint: 'x' })?.message).toContain('no entry points');
  });

  test('need their inputs: null is missing, empty text is not', () => {
    const input: unknown = JSON.parse('{"url":"","__proto__":0}');
    expect(refusal(fields, { entryPoint: 'full', input })).toBeUndefined();
    const error = refusal(fields, { entryPoint: 'full', input: { url: null } });
    expect(error?.code).toBe('MISSING_INPUT');
    expect(error?.problems.map(({ path }) => path)).toEqual(['$.input.url', '$.input.__proto__']);
    expect(refusal(fields, { entryPoint: 'full' })?.problems).toHaveLength(2);
    expect(refusal(fields, { entryPoint: 'short' })).toBeUndefined();
  });

  test("take their inputs from the document's context.input too", () => {
    const context: unknown = JSON.parse('{"input":{"url":"u","__proto__":1}}');
    expect(refusal({ ...fields, context }, { entryPoint: 'full' })).toBeUndefined();
  });
});

describe('variables', () => {
  test('are texts', () => {
    expect(refusal({}, { env: { A: '', B: 'x' } })).toBeUndefined();
    const error = refusal({}, { env: { A: 5, B: null, C: 'x' } });
    expect(error?.code).toBe('INVALID_INPUT');
    expect(error?.problems.map(({ path }) => path)).toEqual(['$.env.A', '$.env.B']);
    expect(refusal({}, { env: [] })?.code).toBe('INVALID_INPUT');
  });
});

test('everything that is wrong is reported at once', () => {
  const error = refusal({ input_schema: schema }, { input: {}, entryPoint: 'x', env: { A: 1 } });
  expect(error?.problems.map(({ code }) => code)).toEqual(['INVALID_INPUT', 'UNKNOWN_ENTRY_POINT', 'INVALID_INPUT']);
});

test('a definition that was never checked, with a schema that cannot be used, is refused', () => {
  const definition = { ...define({}), input_schema: { $ref: '#/nowhere' } };
  expect(() => checkStart(definition, {})).toThrow('input_schema is unusable');
});
