import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { InvalidDefinitionError, type Problem } from './errors.js';
import { parseWorkflow, readWorkflowFile, validateWorkflow, type ParseOptions } from './parse.js';

const MINIMAL = '{"id":"x","steps":[]}';

function problemsOf(text: string, options?: ParseOptions): Problem[] {
  try {
    return parseWorkflow(text, options).problems;
  } catch (error) {
    if (!(error instanceof InvalidDefinitionError)) throw error;
    return error.problems;
  }
}

/** Processor time counts, not the clock: the machine may be busy with other tests. */
function within<T>(limitMs: number, run: () => T): T {
  const before = process.cpuUsage();
  const result = run();
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1_000).toBeLessThan(limitMs);
  return result;
}

/** The only problem, found in no time. */
function quickly(run: () => Problem[]): Problem | undefined {
  const problems = within(2_500, run);
  expect(problems).toHaveLength(1);
  return problems[0];
}

describe('the definition given back', () => {
  test('is the document as written, unknown fields included', () => {
    const text =
      '{"id":"x","steps":[{"id":"a","label":null,"kind":{"type":"checkpoint","message":"m","extra":[1]},"status":"done"}],"more":{"a":null}}';
    expect(parseWorkflow(text).definition).toEqual(JSON.parse(text));
  });

  test('keeps keys and ids __proto__ as data', () => {
    const text =
      '{"id":"x","context":{"__proto__":{"a":1}},"__proto__":5,"steps":[{"id":"__proto__","kind":{"type":"tool_call","tool_name":"t","input":{"__proto__":2}}}]}';
    expect(JSON.stringify(parseWorkflow(text).definition)).toBe(text);
    const yaml = 'id: x\ncontext: {__proto__: {a: 1}}\nsteps: []\n';
    expect(JSON.stringify(parseWorkflow(yaml).definition)).toBe(
      '{"id":"x","context":{"__proto__":{"a":1}},"steps":[]}',
    );
  });

  test('gets a UUID when it has no id', () => {
    const ids = [parseWorkflow('{"steps":[]}'), parseWorkflow('{"steps":[]}')].map(({ definition }) => definition.id);
    expect(ids[0]).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(ids[0]).not.toBe(ids[1]);
  });

  test('is out of its wrapper, whose fields count where it has none of its own', () => {
    const wrapped = {
      agent_type: 'workflow_agent',
      name: 'outer',
      description: 'outer',
      version: '1',
      input_schema: { type: 'object' },
      definition: { id: 'x', name: 'inner', description: null, steps: [] },
    };
    expect(validateWorkflow(wrapped).definition).toEqual({
      id: 'x',
      name: 'inner',
      description: 'outer',
      version: '1',
      input_schema: { type: 'object' },
      steps: [],
    });
  });

  test('is a copy without undefined fields', () => {
    const step = { id: 'a', label: undefined, kind: { type: 'checkpoint', message: 'm' } };
    const { definition } = validateWorkflow({ id: 'x', steps: [step] });
    step.id = 'changed';
    expect(definition?.steps).toStrictEqual([{ id: 'a', kind: { type: 'checkpoint', message: 'm' } }]);
  });

  test('has the same hash from JSON and YAML', () => {
    expect(parseWorkflow('steps: []\nid: x\n').hash).toBe(parseWorkflow(MINIMAL).hash);
    expect(validateWorkflow({ id: 'x', steps: [] }).hash).toBe(parseWorkflow(MINIMAL).hash);
  });
});

describe('positions', () => {
  test('are those of the value in JSON', () => {
    const text =
      '{\n  "steps": [\n    {"id": "a", "input": {}, "kind": {"type": "script",\r\n      "command": 5}}\n  ]\n}';
    expect(problemsOf(text)[0]).toMatchObject({ path: '$.steps[0].kind.command', line: 4, column: 18 });
  });

  test('are those of the key for an unknown field, and of the parent for a missing one', () => {
    const text = '{"steps": [\n {"id": "a",\n  "kind": {"type": "script"}, "depend_on": [], "input": {}}]}';
    expect(problemsOf(text)).toMatchObject([
      { code: 'WRONG_TYPE', path: '$.steps[0].kind.command', line: 3, column: 11 },
      { code: 'UNKNOWN_FIELD', path: '$.steps[0].depend_on', line: 3, column: 31 },
    ]);
  });

  test('are those of the value and key in YAML', () => {
    const text =
      '# a comment\nsteps:\n  - id: a\n    depend_on: []\n    kind:\n      type: api_call\n      method: >-\n        FETCH\n      url: "ftp://x"\n';
    expect(problemsOf(text)).toMatchObject([
      { code: 'UNKNOWN_FIELD', line: 4, column: 5 },
      { code: 'UNKNOWN_METHOD', line: 7, column: 15 },
      { code: 'BAD_URL', line: 9, column: 12 },
    ]);
  });

  test('point to the alias in YAML', () => {
    const text = 'context:\n  k: &k {type: nope}\nsteps:\n  - id: a\n    kind: *k\n';
    expect(problemsOf(text)).toMatchObject([
      { code: 'UNKNOWN_KIND', path: '$.steps[0].kind.type', line: 5, column: 11 },
    ]);
  });

  test('count from after a byte order mark', () => {
    expect(problemsOf('\uFEFF{"steps":5}')).toMatchObject([{ line: 1, column: 10 }]);
  });

  test('of a duplicate key in JSON are those of the last, which counts', () => {
    expect(problemsOf('{"steps":[],\n"steps":5}')).toMatchObject([{ line: 2, column: 9 }]);
  });

  test('are found for thousands of problems in time', () => {
    const steps = Array.from({ length: 9_000 }, (_, i) => ({
      id: `s${i}`,
      kind: { type: 'checkpoint', message: 'm' },
      xx: 1,
      depends_on: [`t${i}`],
    }));
    for (const text of [
      JSON.stringify({ steps }, null, 1),
      `steps:\n${steps.map((step) => `- ${JSON.stringify(step)}\n`).join('')}`,
    ]) {
      const problems = within(6_000, () => problemsOf(text));
      expect(problems).toHaveLength(18_000);
      expect(problems.every(({ line }) => line !== undefined && line > 1)).toBe(true);
    }
  });
});

describe('malformed text', () => {
  test.each<[string, string, number, number, string]>([
    ['an empty file', '', 1, 1, 'empty'],
    ['white space', ' \n ', 1, 1, 'empty'],
    ['a missing comma', '{"id": "a"\n "steps": []}', 2, 2, "','"],
    ['a missing value', '{"steps": }', 1, 11, 'value'],
    ['a trailing comma', '{"steps": [],}', 1, 14, 'property name'],
    ['single quotes', "{'steps': []}", 1, 2, 'double quotes'],
    ['a comment', '{"steps": [] // none\n}', 1, 14, 'comments'],
    ['a cut file', '{"steps": [', 1, 12, 'ends here'],
    ['an unclosed string', '{"steps": "', 1, 11, 'not closed'],
    ['a line break in a string', '{"id": "a\nb", "steps": []}', 1, 8, 'string'],
    ['a bad escape', '{"id": "\\x", "steps": []}', 1, 8, 'escape'],
    ['text after the end', '{"steps": []} x', 1, 15, 'found "x"'],
  ])('JSON: %s', (_name, text, line, column, message) => {
    const [problem, ...others] = problemsOf(text, { format: 'json' });
    expect(others).toEqual([]);
    expect(problem).toMatchObject({ severity: 'error', code: 'MALFORMED_JSON', path: '$', line, column });
    expect(problem?.message).toContain(message);
  });

  test.each<[string, string, number, string]>([
    ['an empty file', '', 1, 'empty'],
    ['only a comment', '# nothing\n', 1, 'empty'],
    ['a bad indentation', 'steps:\n  - id: a\n   kind: b\n', 3, ''],
    ['an unclosed bracket', 'steps: [a\n', 2, ''],
    ['a tab', 'steps:\n\t- a\n', 2, ''],
    ['a duplicate key', 'id: a\nsteps: []\nid: b\n', 3, "'id'"],
    ['a key that is no text', 'steps: []\n? [a]\n: b\n', 2, 'key'],
    ['two documents', 'steps: []\n---\nsteps: []\n', 3, 'more than one'],
    ['an unknown alias', 'steps: *a\n', 1, 'alias'],
    ['an unknown tag', 'steps: []\nid: !secret x\n', 2, 'tag'],
  ])('YAML: %s', (_name, text, line, message) => {
    const [problem, ...others] = problemsOf(text, { format: 'yaml' });
    expect(others).toEqual([]);
    expect(problem).toMatchObject({ severity: 'error', code: 'MALFORMED_YAML', path: '$', line });
    expect(problem?.message.toLowerCase()).toContain(message);
  });

  test('a YAML text alone is no workflow', () => {
    expect(problemsOf('just words')).toMatchObject([{ code: 'NOT_A_WORKFLOW' }]);
  });
});

describe('the format', () => {
  test('is told by the option, then the extension, then the first character', () => {
    expect(problemsOf('steps: []', { file: 'a.json' })[0]?.code).toBe('MALFORMED_JSON');
    expect(problemsOf('{steps: []}', { file: 'a.yml' })).toEqual([]);
    expect(problemsOf('{steps: []}', { file: 'a.txt' })[0]?.code).toBe('MALFORMED_JSON');
    expect(problemsOf('{steps: []}', { file: 'a.json', format: 'yaml' })).toEqual([]);
    expect(problemsOf('steps: []', { file: 'a.workflow' })).toEqual([]);
  });
});

describe('limits', () => {
  const MIB = 1_048_576;

  test('10 MB', () => {
    const text = `{"id":"x","steps":[],"context":{"a":"${'x'.repeat(10_000_000)}"}}`;
    expect(quickly(() => problemsOf(text))).toMatchObject({ code: 'DOCUMENT_TOO_LARGE', path: '$' });
    expect(quickly(() => validateWorkflow(JSON.parse(text)).problems)).toMatchObject({ code: 'DOCUMENT_TOO_LARGE' });
  });

  test('1.5 MiB of compact JSON in UTF-8, whatever its white space', () => {
    const document = (length: number, character: string): string =>
      JSON.stringify({ id: 'x', steps: [], context: { a: character.repeat(length) } }, null, 4);
    expect(problemsOf(document(1.5 * MIB - 100, 'x'))).toEqual([]);
    expect(problemsOf(document(1.5 * MIB, 'x'))[0]?.code).toBe('DOCUMENT_TOO_LARGE');
    expect(problemsOf(document(0.75 * MIB, 'é'))[0]?.code).toBe('DOCUMENT_TOO_LARGE');
    expect(problemsOf(`${MINIMAL}${' '.repeat(2 * MIB)}`)).toEqual([]);
    expect(problemsOf(document(1.5 * MIB, 'x'), { maxBytes: 4 * MIB })).toEqual([]);
  });

  test('100,000 steps', () => {
    const steps = Array.from({ length: 100_000 }, () => ({ id: 'a', kind: { type: 'checkpoint', message: 'm' } }));
    expect(quickly(() => validateWorkflow({ steps }).problems)).toMatchObject({
      code: 'TOO_MANY_STEPS',
      path: '$.steps',
    });
    const definition = { steps };
    expect(quickly(() => validateWorkflow({ agent_type: 'workflow_agent', definition }).problems)?.path).toBe(
      '$.definition.steps',
    );
    expect(quickly(() => problemsOf(JSON.stringify({ steps })))?.code).toBe('TOO_MANY_STEPS');
    expect(quickly(() => problemsOf(`{"steps":[${'0,'.repeat(99_999)}0]}`))).toMatchObject({
      code: 'TOO_MANY_STEPS',
      line: 1,
      column: 10,
    });
  });

  test('10,000 steps are checked well under a second', () => {
    const steps = Array.from({ length: 10_000 }, (_, i) => ({
      id: `s${i}`,
      kind: { type: 'tool_call', tool_name: 't' },
      depends_on: i === 0 ? [] : [`s${i - 1}`],
      input: { x: `{steps.s${Math.max(0, i - 1)}.y}`, y: '{input.z}' },
    }));
    validateWorkflow({ steps: steps.slice(0, 100) });
    // Some 300 ms on an idle machine.
    expect(within(1_500, () => validateWorkflow({ steps })).valid).toBe(true);
  });

  test.each<[string, string, 'json' | 'yaml']>([
    ['lists', `{"steps":[],"context":{"a":${'['.repeat(10_000)}${']'.repeat(10_000)}}}`, 'json'],
    ['objects', `{"steps":[],"context":${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}}`, 'json'],
    ['unclosed lists', '['.repeat(1_000_000), 'json'],
    ['YAML flow lists', `steps: []\nx: ${'['.repeat(10_000)}${']'.repeat(10_000)}`, 'yaml'],
    ['YAML flow maps', `x: ${'{a: '.repeat(10_000)}1${'}'.repeat(10_000)}`, 'yaml'],
    ['YAML lists in one line', `x:\n  ${'- '.repeat(10_000)}a`, 'yaml'],
    ['YAML explicit keys', '? '.repeat(10_000), 'yaml'],
    ['YAML block maps', Array.from({ length: 1_500 }, (_, i) => `${' '.repeat(i)}a:\n`).join(''), 'yaml'],
  ])('nesting of %s', (_name, text, format) => {
    expect(quickly(() => problemsOf(text, { format }))).toMatchObject({ code: 'NESTED_TOO_DEEP' });
  });

  test('nesting of values, and cycles', () => {
    let deep: unknown = 1;
    for (let i = 0; i < 10_000; i++) deep = [deep];
    expect(quickly(() => validateWorkflow({ steps: [], context: { deep } }).problems)?.code).toBe('NESTED_TOO_DEEP');
    expect(quickly(() => validateWorkflow(deep).problems)?.code).toBe('NESTED_TOO_DEEP');
    const cycle: { steps: unknown[]; context?: object } = { steps: [] };
    cycle.context = cycle;
    expect(quickly(() => validateWorkflow(cycle).problems)?.code).toBe('NESTED_TOO_DEEP');
  });

  test('64 levels are fine, 65 are not, in JSON, YAML and values alike', () => {
    const nested = (levels: number): string =>
      `{"id":"x","steps":[],"context":{"a":${'['.repeat(levels - 2)}${']'.repeat(levels - 2)}}}`;
    for (const read of [
      (text: string) => problemsOf(text, { format: 'json' }),
      (text: string) => problemsOf(text, { format: 'yaml' }),
      (text: string) => validateWorkflow(JSON.parse(text)).problems,
    ]) {
      expect(read(nested(64))).toEqual([]);
      expect(read(nested(65))).toMatchObject([{ code: 'NESTED_TOO_DEEP' }]);
    }
  });

  test('brackets in strings are no nesting', () => {
    expect(problemsOf(`{"id":"\\"${'['.repeat(500)}\\\\","steps":[]}`)).toEqual([]);
  });

  test('YAML alias bombs', () => {
    const lines = Array.from(
      { length: 30 },
      (_, i) => `  l${i}: &l${i} [${Array.from({ length: 9 }, () => (i === 0 ? 'lol' : `*l${i - 1}`)).join(', ')}]`,
    );
    const problem = quickly(() => problemsOf(`steps: []\ncontext:\n${lines.join('\n')}\n`));
    expect(problem?.code).toMatch(/^(DOCUMENT_TOO_LARGE|NESTED_TOO_DEEP)$/);
  });

  test('a YAML alias to itself', () => {
    const problem = quickly(() => problemsOf('steps: []\ncontext: &a {a: *a}\n'));
    expect(problem).toMatchObject({ code: 'NESTED_TOO_DEEP', path: '$.context.a.a.a.a.a.a.a', line: 2 });
  });

  test('too many aliases', () => {
    const problem = quickly(() => problemsOf(`steps: []\ncontext: {a: &a 1, b: [${'*a, '.repeat(200_000)}]}`));
    expect(problem).toMatchObject({ code: 'MALFORMED_YAML', line: 2 });
    const fine = `steps: []\ncontext: {a: &a 1, b: [${'*a, '.repeat(9_000)}]}`;
    expect(problemsOf(fine)).toEqual([]);
  });

  test('many uses of one alias are fine', () => {
    const steps = Array.from({ length: 500 }, (_, i) => `  - {id: s${i}, kind: *k}`).join('\n');
    expect(problemsOf(`context: {k: &k {type: checkpoint, message: m}}\nsteps:\n${steps}\n`)).toEqual([]);
  });

  test.each<[string, string, 'json' | 'yaml']>([
    [
      'many keys in one JSON object',
      `{"steps":[],${Array.from({ length: 60_000 }, (_, i) => `"k${i}":1`).join(',')}}`,
      'json',
    ],
    [
      'many keys in one YAML map',
      `steps: []\n${Array.from({ length: 60_000 }, (_, i) => `k${i}: 1`).join('\n')}`,
      'yaml',
    ],
  ])('%s', (_name, text, format) => {
    expect(within(6_000, () => problemsOf(text, { format }))).toHaveLength(60_000);
  });

  test('many misspelt names', () => {
    const steps = Array.from({ length: 10_000 }, (_, i) => ({
      id: `step-number-${i}`,
      kind: { type: 'checkpoint', message: 'm' },
      depends_on: [`step-numbr-${i}`],
    }));
    expect(within(3_000, () => validateWorkflow({ steps }).problems)).toHaveLength(10_000);
  });

  test('the message of the error stays short, its problems are all there', () => {
    const steps = Array.from({ length: 1_000 }, () => 5);
    const error = ((): unknown => {
      try {
        return parseWorkflow(JSON.stringify({ steps }));
      } catch (caught) {
        return caught;
      }
    })();
    expect(error).toBeInstanceOf(InvalidDefinitionError);
    expect((error as InvalidDefinitionError).problems).toHaveLength(1_000);
    expect((error as InvalidDefinitionError).message.length).toBeLessThan(3_000);
    expect((error as InvalidDefinitionError).message).toContain('980 more');
  });
});

describe('YAML', () => {
  test('does not take long over merge keys that merge merge keys', () => {
    const lines = Array.from({ length: 40 }, (_, n) => `k${n + 1}: &k${n + 1} { <<: [*k${n}, *k${n}] }`);
    const begun = process.cpuUsage().user;
    expect(() => parseWorkflow(`id: x\nk0: &k0 { a: 1 }\n${lines.join('\n')}\nsteps: []\n`)).toThrow(/Merge keys/);
    expect(() => parseWorkflow('id: x\na: &a { <<: *a }\nsteps: []\n')).toThrow();
    expect((process.cpuUsage().user - begun) / 1_000).toBeLessThan(2_000);
  });

  const step = (lines: string): string => `steps:\n  - id: a\n${lines}`;

  test('merge keys are merged, and what a map says itself counts', () => {
    const text = `x: &d {retry: {max_attempts: 2}, label: L}\n${step('    <<: *d\n    label: own\n    kind: {type: checkpoint, message: m}')}`;
    const { definition } = parseWorkflow(text);
    expect(definition.steps[0]).toMatchObject({ retry: { max_attempts: 2 }, label: 'own' });
    expect(definition.steps[0]).not.toHaveProperty('<<');
    const several = `x: &a {label: A}\ny: &b {skip_if: x, label: B}\n${step('    <<: [*a, *b]\n    kind: {type: checkpoint, message: m}')}`;
    expect(parseWorkflow(several).definition.steps[0]).toMatchObject({ label: 'A', skip_if: 'x' });
  });

  test.each(['{input.x}', '{ steps.a }', '{env.HOME}', '{item}'])('a reference without quotes is refused: %s', (reference) => {
    const text = step(`    kind: {type: checkpoint, message: m}\n    input: {k: ${reference}}`);
    expect(() => parseWorkflow(text, { format: 'yaml' })).toThrow(/map in YAML, not a reference: quote it/);
    expect(() => parseWorkflow(step(`    kind: {type: checkpoint, message: ${reference}}`), { format: 'yaml' })).toThrow(/quote it/);
  });

  test('a template without quotes is told to be quoted', () => {
    const text = step('    kind: {type: checkpoint, message: {{ input.x }}}');
    expect(() => parseWorkflow(text, { format: 'yaml' })).toThrow(/must be plain text; a reference is written in quotes/);
  });

  test('maps that say a value stay maps', () => {
    const { definition } = parseWorkflow(step('    kind: {type: checkpoint, message: m}\n    input: {item: null, env: {}}'), { format: 'yaml' });
    expect(definition.steps[0]?.input).toEqual({ item: null, env: {} });
  });
});

describe('readWorkflowFile', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'definition-'));
  });
  afterAll(async () => rm(folder, { recursive: true }));

  const codeOf = async (path: string): Promise<string> =>
    readWorkflowFile(path).then(
      () => 'none',
      (error: unknown) => (error instanceof InvalidDefinitionError ? error.code : 'other'),
    );

  test('reads JSON and YAML', async () => {
    await writeFile(join(folder, 'a.json'), `\uFEFF${MINIMAL}`);
    await writeFile(join(folder, 'a.yaml'), 'id: x\nsteps: []\n');
    expect((await readWorkflowFile(join(folder, 'a.json'))).definition).toEqual({ id: 'x', steps: [] });
    expect((await readWorkflowFile(join(folder, 'a.yaml'))).definition).toEqual({ id: 'x', steps: [] });
  });

  test('says why a file cannot be read', async () => {
    await writeFile(join(folder, 'latin1.json'), Buffer.from([0x7b, 0xe9, 0x7d]));
    expect(await codeOf(join(folder, 'none.json'))).toBe('UNREADABLE_FILE');
    expect(await codeOf(folder)).toBe('UNREADABLE_FILE');
    expect(await codeOf(join(folder, 'latin1.json'))).toBe('UNREADABLE_FILE');
    await expect(readWorkflowFile(join(folder, 'none.json'))).rejects.toThrow('no such file');
  });

  test('does not read a huge file', async () => {
    await writeFile(join(folder, 'huge.json'), ' '.repeat(10_000_000));
    expect(await codeOf(join(folder, 'huge.json'))).toBe('DOCUMENT_TOO_LARGE');
    expect(await codeOf('/dev/zero')).toBe('DOCUMENT_TOO_LARGE');
  });
});
