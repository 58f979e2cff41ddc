import { describe, expect, it } from 'vitest';
import type { JsonObject } from './json.js';
import { describeMigration, planMigration, type MigrationRequest, type MigrationState } from './migration.js';
import type { WorkflowDefinition } from './types.js';

type Steps = WorkflowDefinition['steps'];
const say = (id: string, message = 'x', more: JsonObject = {}): Steps[number] =>
  ({ id, kind: { type: 'checkpoint', message }, execution: 'parallel', ...more }) as unknown as Steps[number];

function plan(before: Steps, after: Steps, states: { [id: string]: MigrationState['status'] | MigrationState }, more: Partial<MigrationRequest> = {}) {
  return planMigration({
    before: { id: 'doc', steps: before },
    after: { id: 'doc', steps: after },
    states: Object.fromEntries(Object.entries(states).map(([id, state]) => [id, typeof state === 'string' ? { status: state } : state])),
    ...more,
  });
}

function actions(made: ReturnType<typeof plan>): { [id: string]: string } {
  return Object.fromEntries(made.steps.map(({ id, change, action }) => [id, `${change} ${action}`]));
}

describe('a plan', () => {
  it('is compatible when only what has not run differs', () => {
    const made = plan([say('a'), say('b'), say('c'), say('w')], [say('a'), say('c', 'new'), say('n'), say('w', 'new')], {
      a: 'done',
      b: 'pending',
      c: 'blocked',
      w: 'waiting_for_input',
    });
    expect(made.verdict).toBe('compatible');
    expect(actions(made)).toEqual({ a: 'same keep', b: 'removed drop', c: 'changed reset', n: 'added add', w: 'changed reset' });
  });

  it('asks what becomes of an ended step that does something else or is gone', () => {
    const states = { a: 'done', b: { status: 'done', result: 1 } } as const;
    const made = plan([say('a'), say('b')], [say('a', 'new')], states);
    expect(made.verdict).toBe('needs_decisions');
    expect(made.steps).toMatchObject([
      { id: 'a', change: 'changed', fields: ['kind'], action: 'undecided', choices: ['keep', 'rerun', 'drop'] },
      { id: 'b', change: 'removed', action: 'undecided', choices: ['keep', 'drop'] },
    ]);
    const decided = plan([say('a'), say('b')], [say('a', 'new')], states, { decisions: { a: 'rerun', b: 'keep' } });
    expect(decided.verdict).toBe('compatible');
    expect(actions(decided)).toEqual({ a: 'changed reset', b: 'removed keep' });
    expect(plan([say('b')], [], { b: 'done' }, { decisions: { b: 'rerun' } }).verdict).toBe('needs_decisions');
  });

  it('is refused when a running step does something else or is gone', () => {
    expect(plan([say('a')], [say('a', 'new')], { a: 'running' }).verdict).toBe('refused');
    expect(plan([say('a')], [], { a: 'running' }).verdict).toBe('refused');
    expect(plan([say('a')], [say('a', 'x', { label: 'A', retry: { max_attempts: 2 } })], { a: 'running' }).verdict).toBe('compatible');
  });

  it('is refused when the run only winds down', () => {
    const made = plan([say('a')], [say('a')], { a: 'failed' }, { ending: true });
    expect(made.verdict).toBe('refused');
    expect(made.reason).toContain('rerun');
  });

  it('starts delays anew, which are no work in flight', () => {
    expect(actions(plan([say('a')], [say('a', 'new')], { a: { status: 'running', until: 5 } }))).toEqual({ a: 'changed reset' });
  });

  it('runs a failed step again that was changed, and keeps one that was not', () => {
    expect(actions(plan([say('a')], [say('a', 'new')], { a: 'failed' }))).toEqual({ a: 'changed reset' });
    expect(actions(plan([say('a')], [say('a')], { a: 'failed' }))).toEqual({ a: 'same keep' });
  });

  it('knows a moved step from a changed one, and null from nothing as little as the order of dependencies', () => {
    const before = [say('a'), say('b'), say('c', 'x', { depends_on: ['a', 'b'] })];
    const moved = plan(before, [say('b'), say('a'), say('c', 'x', { depends_on: ['b', 'a'], label: null })], { a: 'done', b: 'done', c: 'done' });
    expect(actions(moved)).toEqual({ b: 'moved keep', a: 'moved keep', c: 'same keep' });
    expect(actions(plan(before, [say('a'), say('b'), say('c')], { c: 'done' }))['c']).toBe('moved keep');
    expect(actions(plan(before, [say('n'), ...before], {}))).toMatchObject({ n: 'added add', a: 'same keep' });
  });

  it('asks about ended steps behind one that runs again, and no further than a decision to keep', () => {
    const chain = (first: string): Steps => [say('a', first), say('b', 'x', { depends_on: ['a'] }), say('c', 'x', { depends_on: ['b'] }), say('d')];
    const done = { a: 'done', b: 'done', c: 'done', d: 'done' } as const;
    const open = plan(chain('x'), chain('new'), done, { decisions: { a: 'rerun' } });
    expect(open.verdict).toBe('needs_decisions');
    expect(actions(open)).toEqual({ a: 'changed reset', b: 'same undecided', c: 'same undecided', d: 'same keep' });
    expect(open.steps[1]?.cause).toEqual({ how: 'depends_on', step: 'a' });
    const kept = plan(chain('x'), chain('new'), done, { decisions: { a: 'rerun', b: 'keep' } });
    expect(kept.verdict).toBe('compatible');
    const waiting = { ...done, b: 'waiting_for_input', c: 'pending' } as const;
    expect(actions(plan(chain('x'), chain('new'), waiting, { decisions: { a: 'rerun' } }))['b']).toBe('same reset');
    expect(plan(chain('x'), chain('new'), { ...done, b: 'running', c: 'pending' }, { decisions: { a: 'rerun' } }).verdict).toBe('refused');
  });

  it('runs a failed step again that stands behind one that does, whatever was decided', () => {
    const chain = (first: string): Steps => [say('a', first), say('b', 'x', { depends_on: ['a'] })];
    const decided: MigrationRequest['decisions'][] = [{ a: 'rerun' }, { a: 'rerun', b: 'keep' }];
    for (const decisions of decided) {
      expect(actions(plan(chain('x'), chain('new'), { a: 'done', b: 'failed' }, { decisions }))['b']).toBe('same reset');
    }
  });

  it('leaves out new steps that the entry point of the run does not reach', () => {
    const entryPoint = { id: 'e', starts_at: 'a' };
    const after = [say('a'), say('on', 'x', { depends_on: ['a'] }), say('off')];
    expect(actions(plan([say('a')], after, { a: 'done' }, { entryPoint }))).toEqual({ a: 'same keep', on: 'added add', off: 'added leave_out' });
  });

  it('is told in words', () => {
    const made = plan([say('a'), say('b'), say('same')], [say('a', 'new'), say('n'), say('same')], { a: 'done', b: 'pending', same: 'done' });
    expect(describeMigration(made).split('\n')).toEqual([
      'The run can be moved once you have decided what becomes of these steps.',
      '  a: changed (kind), done - decide: keep, rerun, drop',
      '  n: added - will run',
      '  b: removed, pending - goes',
    ]);
  });
});
