import { describe, expect, it } from 'vitest';
import type { JsonObject } from './json.js';
import { changedKeys, describeRerun, planRerun, seedOf, type RerunRequest } from './rerun.js';
import type { StepSnapshot } from './snapshot.js';
import type { WorkflowDefinition } from './types.js';

type Steps = WorkflowDefinition['steps'];
const say = (id: string, message = 'x', more: JsonObject = {}): Steps[number] =>
  ({ id, kind: { type: 'checkpoint', message }, ...more }) as unknown as Steps[number];
const tool = (id: string, more: JsonObject = {}): Steps[number] =>
  ({ id, kind: { type: 'tool_call', tool_name: 't' }, ...more }) as unknown as Steps[number];
const parallel = { execution: 'parallel' };

function state(status: StepSnapshot['status'], more: Partial<StepSnapshot> = {}): StepSnapshot {
  return { status, label: '', kind: 'checkpoint', attempts: 1, ...(status === 'done' ? { result: 1 } : {}), ...more };
}

function plan(steps: Steps, states: { [id: string]: StepSnapshot['status'] | StepSnapshot }, request: RerunRequest = {}) {
  const snapshot = {
    steps: Object.fromEntries(Object.entries(states).map(([id, given]) => [id, typeof given === 'string' ? state(given) : given])),
  };
  return planRerun({ id: 'doc', steps }, snapshot, request);
}

describe('what runs again', () => {
  it('is what failed and what had not ended, and no step before it', () => {
    const steps = [say('a'), say('b'), say('c')];
    const { keep, run, reasons } = plan(steps, { a: 'done', b: 'failed', c: 'pending' });
    expect({ keep, run }).toEqual({ keep: ['a'], run: ['b', 'c'] });
    expect(reasons).toEqual({ a: { because: 'done' }, b: { because: 'failed' }, c: { because: 'unfinished' } });
  });

  it('follows dependencies, and leaves other branches alone', () => {
    const steps = [say('a', 'x', parallel), say('b', 'x', { ...parallel, depends_on: ['a'] }), say('c', 'x', { ...parallel, depends_on: ['b'] }), say('d', 'x', parallel)];
    const done = { a: 'done', b: 'done', c: 'done', d: 'done' } as const;
    const { run, reasons } = plan(steps, done, { from: ['b'] });
    expect(run).toEqual(['b', 'c']);
    expect(reasons).toMatchObject({ b: { because: 'asked' }, c: { because: 'affected', cause: { how: 'depends_on', step: 'b' } } });
  });

  it.each(['{steps.a}', '{steps.a.x}', '{context.a.x}', '{steps}'])('follows the reference %s', (text) => {
    const steps = [say('a', 'x', parallel), say('b', text, parallel), say('c', 'no', parallel)];
    expect(plan(steps, { a: 'done', b: 'done', c: 'done' }, { from: ['a'] }).run).toEqual(['a', 'b']);
  });

  it('follows the order of sequential steps without dependencies', () => {
    const steps = [say('a'), say('b'), say('p', 'x', parallel), say('c'), say('d', 'x', { depends_on: ['a'] })];
    const done = { a: 'done', b: 'done', p: 'done', c: 'done', d: 'done' } as const;
    const { run, reasons } = plan(steps, done, { from: ['b'] });
    expect(run).toEqual(['b', 'c']);
    expect(reasons['c']).toEqual({ because: 'affected', cause: { how: 'runs_after', step: 'b' } });
  });

  it('counts the order of execution, not that of the document', () => {
    const steps = [say('late', 'x', { depends_on: ['first'] }), say('first'), say('second')];
    const done = { late: 'done', first: 'done', second: 'done' } as const;
    expect(plan(steps, done, { from: ['second'] }).run).toEqual(['second']);
    expect(plan(steps, done, { from: ['first'] }).run).toEqual(['late', 'first', 'second']);
  });

  it('takes in the handlers that stand behind everything', () => {
    const steps = [say('a'), say('b', 'x', parallel), say('clean', 'x', { run_on: 'always', execution: 'parallel' })];
    expect(plan(steps, { a: 'done', b: 'done', clean: 'done' }, { from: ['b'] }).run).toContain('clean');
  });

  it('takes in steps that do something else by a newer definition, and new ones', () => {
    const before = { id: 'doc', steps: [say('a', 'x', parallel), say('b', 'old', parallel), say('c', 'x', parallel)] };
    const steps = [say('a', 'x', { ...parallel, label: 'A' }), say('b', 'new', parallel), say('c', 'x', parallel), say('n', 'x', parallel)];
    const { run, reasons } = plan(steps, { a: 'done', b: 'done', c: 'done' }, { before });
    expect(run).toEqual(['b', 'n']);
    expect(reasons).toMatchObject({ b: { because: 'changed', fields: ['kind'] }, n: { because: 'new' } });
  });

  it('takes in what reads an input that changed, unless it is told where to begin', () => {
    const steps = [say('a', '{input.x}', parallel), say('b', '{context.x}', parallel), say('c', '{input.y}', parallel), tool('d', parallel), tool('e', { ...parallel, input: {} }), say('f', '{input}', parallel)];
    const done = Object.fromEntries(steps.map(({ id }) => [id, 'done'] as const));
    expect(plan(steps, done, { changedInput: ['x'] }).run).toEqual(['a', 'b', 'd', 'f']);
    expect(plan(steps, done, { changedInput: ['x'], from: ['e'] }).run).toEqual(['e']);
  });

  it('takes in what depends on a result that was put in another place, and not on one that is the same', () => {
    const steps = [say('a', 'x', parallel), say('b', '{steps.a}', parallel)];
    expect(plan(steps, { a: 'done', b: 'done' }, { results: { a: 2 } })).toMatchObject({ keep: ['a'], run: ['b'], reasons: { a: { because: 'given' } } });
    expect(plan(steps, { a: 'done', b: 'done' }, { results: { a: 1 } }).run).toEqual([]);
    expect(plan(steps, { a: 'failed', b: 'pending' }, { results: { a: 1 } }).run).toEqual(['b']);
  });

  it('takes in a step whose result was too large to keep', () => {
    expect(plan([say('a')], { a: { ...state('done'), result_omitted: 5_000_000 } }).run).toEqual([]);
    const { result: _result, ...without } = state('done');
    expect(plan([say('a')], { a: { ...without, result_omitted: 5_000_000 } }).reasons['a']).toEqual({ because: 'result_lost' });
  });

  it('leaves out what the entry point leaves out, unless it is asked for', () => {
    const steps = [say('a'), say('b', 'x', { depends_on: ['a'] }), say('c', 'x', { depends_on: ['b'] }), say('other')];
    const states = { a: 'skipped', b: 'done', c: 'done', other: 'skipped' } as const;
    const entryPoint = { id: 'e', starts_at: 'b', preset_results: { a: 7 } };
    expect(plan(steps, states, { entryPoint, from: ['c'] })).toMatchObject({ keep: ['a', 'b', 'other'], run: ['c'] });
    expect(plan(steps, states, { entryPoint, from: ['a'] }).run).toEqual(['a', 'b', 'c']);
  });
});

describe('a rerun', () => {
  it('refuses steps that do not exist, and a result for a step that is to run again', () => {
    expect(() => plan([say('a')], { a: 'done' }, { from: ['z'] })).toThrow(/no step 'z'/);
    expect(() => plan([say('a')], { a: 'done' }, { results: { z: 1 } })).toThrow(/no step 'z'/);
    expect(() => plan([say('a')], { a: 'done' }, { from: ['a'], results: { a: 1 } })).toThrow(/cannot both/);
  });

  it('begins with the kept results in the order in which the steps ended', () => {
    const steps = [say('a'), say('b'), say('c'), say('d', 'x', { depends_on: ['z'] })];
    const snapshot = {
      steps: {
        a: state('done', { completed_at: '2026-01-01T00:00:02Z', result: null, label: 'Step of x' }),
        b: state('skipped', { completed_at: '2026-01-01T00:00:01Z', label: 'b' }),
        c: state('failed'),
      },
    };
    const request = { results: { c: { given: true } } };
    const made = planRerun({ id: 'doc', steps: steps.slice(0, 3) }, snapshot, request);
    const seed = seedOf({ id: 'doc', steps }, snapshot, made, request);
    expect(seed).toEqual({ a: { status: 'done', result: null, label: 'Step of x' }, b: { status: 'skipped' }, c: { status: 'done', result: { given: true } } });
    expect(Object.keys(seed)).toEqual(['c', 'b', 'a']);
  });

  it('says in words what it would do', () => {
    const text = describeRerun(plan([say('a'), say('b')], { a: 'done', b: 'failed' }));
    expect(text).toBe('These steps run again:\n  b: it failed\nThese steps keep their results:\n  a: it is done');
  });

  it('finds the keys of an input that differ, whatever their order', () => {
    expect(changedKeys({ a: { x: 1, y: 2 }, b: 1, gone: null }, { b: 2, a: { y: 2, x: 1 }, fresh: 0 })).toEqual(['b', 'gone', 'fresh']);
  });

  it('takes step ids literally', () => {
    const steps = [say('__proto__', 'x', parallel), say('b', '{steps.__proto__}', parallel)];
    const states = Object.fromEntries([['__proto__', 'done'] as const, ['b', 'done'] as const]);
    expect(plan(steps, states, { from: ['__proto__'] }).run).toEqual(['__proto__', 'b']);
  });
});
