import { describe, expect, it } from 'vitest';
import type { JsonValue } from './json.js';
import {
  collectValues,
  referencesIn,
  resolve,
  resolveFields,
  resolveText,
  scopeLookup,
  valuesLookup,
  type Scope,
} from './references.js';

const scope: Scope = {
  input: { name: 'Ada', tags: ['x', 'y'], n: 5, no: null, box: { length: 3 }, text: '{input.name}', who: { b: 1 }, '': { '': 1 } },
  steps: {
    fetch: { records: [{ id: 1 }, { id: 2 }], ok: true },
    'my step': { größe: '☃' },
    who: { c: 2 },
    ...(JSON.parse('{"__proto__":{"v":"own"}}') as Scope['steps']),
    constructor: { v: 'built' },
  },
  env: { BASE: 'http://h' },
  context: { name: 'flat', last_response: { status: 200 } },
};
const lookup = scopeLookup(scope);
const got = (template: JsonValue, over: Partial<Scope> = {}): JsonValue => resolve(template, scopeLookup({ ...scope, ...over }));

describe('a string that is exactly one reference', () => {
  it.each<[string, JsonValue]>([
    ['{input.name}', 'Ada'],
    ['{input.n}', 5],
    ['{input.no}', null],
    ['{input.tags}', ['x', 'y']],
    ['{steps.fetch.ok}', true],
    ['{steps.fetch.records}', [{ id: 1 }, { id: 2 }]],
    ['{env.BASE}', 'http://h'],
    [' \n{input.n}\t', 5],
    ['{env}', { BASE: 'http://h' }],
    ['{steps.my step.größe}', '☃'],
    ['{steps.__proto__.v}', 'own'],
    ['{steps.constructor.v}', 'built'],
    ['{input.box.length}', 3],
  ])('%j yields the value with its type', (template, value) => {
    expect(got(template)).toEqual(value);
  });

  it('yields a whole namespace when it is bare', () => {
    expect(got('{input}')).toBe(scope.input);
    expect(got('{steps}')).toBe(scope.steps);
  });
});

describe('a reference in a longer string', () => {
  it.each([
    ['Hi {input.name}!', 'Hi Ada!'],
    ['{input.n}{input.n}', '55'],
    ['n={input.n} no={input.no} ok={steps.fetch.ok}', 'n=5 no=null ok=true'],
    ['r={steps.fetch.records}', 'r=[{"id":1},{"id":2}]'],
    ['{"a":"{input.name}"}', '{"a":"Ada"}'],
    ['{{input.name}}', '{Ada}'],
    ['{ x {input.name}', '{ x Ada'],
    ['{input.name} }', 'Ada }'],
    ['${input.name}', '$Ada'],
    ['in: {input}', `in: ${JSON.stringify(scope.input)}`],
  ])('%j becomes %j', (template, text) => {
    expect(got(template)).toBe(text);
  });
});

describe('text that stays as it is written', () => {
  it.each([
    '{input.missing}',
    ' {input.missing} ',
    'a {input.missing} b',
    '{ input.name }',
    '{input.name.first}',
    '{input..name}',
    '{input.}',
    '{input..}',
    '{.name}',
    '{}',
    '{',
    '}{',
    '{input.name',
    '{a,b}',
    '{"input": 1.5}',
    '${HOME}',
    '${input}',
    '${steps} $${env}',
    '{context}',
    '{item}',
    '{item.x}',
    '{row}',
    '{input.tags.length}',
    '{input.tags.-1}',
    '{input.tags.01}',
    '{input.tags.2}',
    '{input.tags.0x0}',
    '{input.tags.1e0}',
    '{input.tags. 0}',
    '{input.tags.99999999999999999999}',
    '{input.tags.push}',
    '{input.name.length}',
    '{input.name.0}',
    '{input.__proto__}',
    '{input.constructor}',
    '{input.toString}',
    '{input.tags.__proto__}',
    '{constructor}',
    '{__proto__.x}',
  ])('%j', (text) => {
    expect(got(text)).toBe(text);
    expect(resolveText(text, lookup)).toBe(text);
  });
});

describe('resolve', () => {
  it('indexes arrays by canonical numbers', () => {
    expect(got('{input.tags.1}')).toBe('y');
    expect(got('{steps.fetch.records.0.id}')).toBe(1);
  });

  it('never scans inserted text again', () => {
    expect(got('{input.text}')).toBe('{input.name}');
    expect(got('a {input.text}')).toBe('a {input.name}');
    expect(got('{input.open}{input.rest}', { input: { open: '{input.', rest: 'name}', name: 'no' } })).toBe('{input.name}');
    expect(got('{input.dollar}{input}', { input: { dollar: '$' } })).toBe('${"dollar":"$"}');
  });

  it('resolves objects and arrays at any depth, but no keys', () => {
    const template = { '{input.name}': ['{input.n}', { deep: 'x{input.n}' }], n: 1, z: null };
    expect(got(template)).toEqual({ '{input.name}': [5, { deep: 'x5' }], n: 1, z: null });
    expect(template['{input.name}'][0]).toBe('{input.n}');
  });

  it('keeps strangers\' keys ordinary', () => {
    const resolved = got(JSON.parse('{"__proto__":{"a":"{input.n}"},"constructor":"{input.n}"}') as JsonValue);
    expect(JSON.stringify(resolved)).toBe('{"__proto__":{"a":5},"constructor":5}');
    expect(Object.getPrototypeOf(resolved)).toBe(Object.prototype);
    expect(JSON.stringify(got(JSON.parse('{"__proto__":"{input.tags}"}') as JsonValue))).toBe('{"__proto__":["x","y"]}');
  });

  it('keeps lone surrogates', () => {
    expect(got('\ud800{input.s}', { input: { s: '\udfff' } })).toBe('\ud800\udfff');
  });

  it('takes values and templates that are nested 100,000 levels deep', () => {
    let deep: JsonValue = 'x {input.n}';
    for (let i = 0; i < 100_000; i++) deep = [deep];
    let leaf = got(deep);
    while (Array.isArray(leaf)) leaf = leaf[0] ?? null;
    expect(leaf).toBe('x 5');
    expect(referencesIn(deep)).toEqual(['input.n']);
    expect(got('in {input}', { input: deep })).toHaveLength('in '.length + 2 * 100_000 + '"x {input.n}"'.length);
  });

  it('takes paths of 500,000 segments', () => {
    const path = `input${'.a'.repeat(500_000)}`;
    const values = collectValues([path, 'input', 'input.a'], lookup);
    expect(Object.keys(values)).toEqual(['input']);
    expect(resolve(`{${path}}`, valuesLookup(values))).toBe(`{${path}}`);
  });

  it('looks each reference up once, however the braces lie', () => {
    const text = `${'{'.repeat(1000)}input.n}${'}'.repeat(1000)}${'{a'.repeat(1000)}${'{input.n}'.repeat(1000)}`;
    let lookups = 0;
    resolve(text, (namespace, path) => {
      lookups++;
      return lookup(namespace, path);
    });
    expect(lookups).toBe(1001);
  });
});

describe('{context.x}', () => {
  it('looks in input, then steps, then env, then the top level of the context', () => {
    expect(got('{context.name}')).toBe('Ada');
    expect(got('{context.fetch.ok}')).toBe(true);
    expect(got('{context.BASE}')).toBe('http://h');
    expect(got('{context.last_response.status}')).toBe(200);
  });

  it('looks for the whole path in each', () => {
    expect(got('{context.who.b} {context.who.c}')).toBe('1 2');
  });

  it('stops at null', () => {
    expect(got('{context.no}', { context: { no: 'later' } })).toBeNull();
  });

  it('sees input, steps and env as keys of the context', () => {
    expect(got('{context.input.n}')).toBe(5);
    expect(got('{context.steps.fetch.ok}')).toBe(true);
    expect(got('{context.env.BASE}', { context: { env: 'overwritten' } })).toBe('http://h');
  });
});

describe('{item}', () => {
  const item = (value: JsonValue, aliases?: Scope['aliases']): Partial<Scope> => ({
    item: { value, index: 7 },
    ...(aliases === undefined ? {} : { aliases }),
  });

  it('yields the element, also when it is null, and its parts', () => {
    expect(got('{item}', item(null))).toBeNull();
    expect(got('{item.a.0}', item({ a: ['b'] }))).toBe('b');
  });

  it('yields the position as index unless the element has its own', () => {
    expect(got('{item.index}', item('x'))).toBe(7);
    expect(got('{item.index}', item(['x']))).toBe(7);
    expect(got('{item.index}', item({ index: null }))).toBeNull();
    expect(got('{item.index.x}', item('x'))).toBe('{item.index.x}');
    expect(got('{item.index.x}', item({ index: 'own' }))).toBe('{item.index.x}');
  });

  it('has aliases, which never hide a namespace', () => {
    const over = item({ a: 1 }, { row: { a: 2 }, row_index: 3, input: 'hidden' });
    expect(got('{item.a} {row.a} {row_index} {input.n} {constructor}', over)).toBe('1 2 3 5 {constructor}');
  });
});

describe('resolveText', () => {
  it('stays text, with its white space, when it is exactly one reference', () => {
    expect(resolveText('{input.n}', lookup)).toBe('5');
    expect(resolveText(' {input.tags} ', lookup)).toBe(' ["x","y"] ');
    expect(resolveText('{input.no}', lookup)).toBe('null');
  });
});

describe('resolveFields', () => {
  it('keeps text fields text, nested too, resolves the others with their type, and leaves type alone', () => {
    const config = {
      type: '{input.n}',
      args: ['{input.n}', ['{input.tags}']],
      env: { '{input.n}': '{input.n}' },
      body: { n: '{input.n}' },
      cwd: undefined,
      timeout_secs: 3,
    };
    const resolved = resolveFields(config, ['args', 'env', 'cwd'], lookup);
    expect(resolved).toEqual({
      type: '{input.n}',
      args: ['5', ['["x","y"]']],
      env: { '{input.n}': '5' },
      body: { n: 5 },
      cwd: undefined,
      timeout_secs: 3,
    });
    expect(config.body.n).toBe('{input.n}');
  });
});

describe('referencesIn', () => {
  it('lists each path once in order of appearance, keys apart', () => {
    const value = {
      '{input.key}': ['{steps.a.b} {input.x}', { y: '{input.x} {env}' }],
      z: '{item.index} {context.q} {{steps.my step}}',
    };
    expect(referencesIn(value)).toEqual(['steps.a.b', 'input.x', 'env', 'item.index', 'context.q', 'steps.my step']);
  });

  it('leaves out what never resolves, and aliases unless they are named', () => {
    expect(referencesIn('{context} ${input} {a,b} {row} {"a.b"} {toString}')).toEqual([]);
    expect(referencesIn('{row} {row_index} {other}', ['row', 'row_index'])).toEqual(['row', 'row_index']);
  });
});

describe('collectValues', () => {
  it('leaves out missing paths and those below one that is there', () => {
    const paths = ['steps.fetch.records.0.id', 'input.missing', 'steps.fetch', 'input.no', 'steps.fetch.records', 'input.missing.x'];
    expect(collectValues(paths, lookup)).toEqual({ 'steps.fetch': scope.steps['fetch'], 'input.no': null });
  });

  it('keeps a path whose value is not the one below its parent', () => {
    const paths = ['context.who', 'context.who.b', 'context.who.c'];
    expect(collectValues(paths, lookup)).toEqual({ 'context.who': { b: 1 }, 'context.who.c': 2 });
    const inItem = scopeLookup({ ...scope, item: { value: { a: 1 }, index: 2 } });
    expect(collectValues(['item.index', 'item'], inItem)).toEqual({ item: { a: 1 }, 'item.index': 2 });
  });

  it('keeps a path whose value is another one than its parent has there', () => {
    const find = (_: string, path: readonly string[]): JsonValue => (path.length === 0 ? { a: 1 } : 2);
    expect(collectValues(['x.a', 'x'], find)).toEqual({ x: { a: 1 }, 'x.a': 2 });
  });

  it('takes paths that are names of the object prototype', () => {
    const values = collectValues(['__proto__', 'steps.__proto__'], (namespace, path) => `${namespace}/${path.join('/')}`);
    expect(Object.keys(values)).toEqual(['__proto__', 'steps.__proto__']);
    expect(valuesLookup(values)('__proto__', [])).toBe('__proto__/');
  });
});

describe('valuesLookup', () => {
  it('finds the path itself, else walks down from the nearest one above it', () => {
    const find = valuesLookup({ 'steps.a': { b: { c: 1 } }, 'steps.a.b': { d: 2 } });
    expect(find('steps', ['a', 'b', 'd'])).toBe(2);
    expect(find('steps', ['a', 'b', 'c'])).toBeUndefined();
    expect(find('steps', ['a'])).toEqual({ b: { c: 1 } });
    expect(find('steps', [])).toBeUndefined();
    expect(find('constructor', [])).toBeUndefined();
  });

  it('asks the fallback for what is not there', () => {
    const find = valuesLookup({ env: { A: 'run' } }, (namespace, path) => `${namespace}:${path.join('.')}`);
    expect(find('env', ['A'])).toBe('run');
    expect(find('env', ['TOKEN'])).toBe('env:TOKEN');
    expect(find('input', [])).toBe('input:');
  });
});
