import { describe, expect, test } from 'vitest';
import type { EventBody, ItemsSnapshot, RunEvent, RunSnapshot } from '../../definition/snapshot.js';
import type { WorkflowDefinition } from '../../definition/types.js';
import { apply, takeParts, viewOfDefinition, viewOfSnapshot, type RunView } from './run-view.js';
import { waitsOf } from './waits.js';

const definition: WorkflowDefinition = {
  id: 'flow',
  steps: [
    { id: 'a', label: 'First', kind: { type: 'checkpoint', message: 'a' } },
    { id: '__proto__', kind: { type: 'checkpoint', message: 'b' }, requires: [{ skill: 'google:drive', permissions: ['read'] }] },
    { id: 'c', kind: { type: 'checkpoint', message: 'c' }, requires: [{ skill: 'google:drive', permissions: ['read', 'write'] }] },
  ],
};

function after(...events: EventBody[]): RunView {
  const view = viewOfDefinition(definition, 'run-1', 0);
  events.forEach((event, index) => apply(view, { ...event, seq: index + 1, at: new Date(1000 * (index + 1)).toISOString() }));
  return view;
}

const step = (id: string) => ({ workflow_id: 'flow', step_id: id, step_label: id });

describe('viewOfDefinition', () => {
  test('has every step in document order, with the id for a missing label', () => {
    const view = after();
    expect(Object.values(view.steps).map(({ id, label }) => [id, label])).toEqual([
      ['a', 'First'],
      ['__proto__', '__proto__'],
      ['c', 'c'],
    ]);
  });

  test('gathers the permissions that the steps ask of a connection', () => {
    expect(after().permissions['google:drive']).toEqual(['read', 'write']);
  });
});

describe('apply', () => {
  test('knows for which step the run holds, until it is run again', () => {
    const failed: EventBody = { event: 'step_failed', ...step('a'), error: 'no', held: true };
    const held = after({ event: 'step_started', ...step('a') }, failed, { event: 'run_paused', workflow_id: 'flow', by: 'failure' });
    expect(held).toMatchObject({ paused: 'failure', steps: { a: { status: 'failed', held: true } } });
    apply(held, { event: 'run_resumed', workflow_id: 'flow', seq: 4, at: new Date(4000).toISOString() });
    apply(held, { event: 'step_retried', ...step('a'), seq: 5, at: new Date(5000).toISOString() });
    expect(held.paused).toBeUndefined();
    expect(held.steps.a).toEqual({ id: 'a', label: 'First', status: 'pending', attempts: 1 });
  });

  test('knows when a delay ends, until it has', () => {
    const view = after({ event: 'step_started', ...step('a') }, { event: 'step_delayed', ...step('a'), until: '1970-01-01T00:01:00Z' });
    expect(view.steps.a).toMatchObject({ status: 'running', until: 60_000 });
    apply(view, { event: 'step_completed', ...step('a'), result: 1, seq: 3, at: new Date(60_000).toISOString() });
    expect(view.steps.a?.until).toBeUndefined();
  });

  test('times a step from its start to its end', () => {
    const view = after({ event: 'step_started', ...step('a') }, { event: 'step_completed', ...step('a'), result: 1 });
    expect(view.steps.a).toMatchObject({ status: 'done', startedAt: 1000, completedAt: 2000, attempts: 1 });
  });

  test('keeps the attempts of a step that was tried again, and forgets the last failure', () => {
    const view = after({ event: 'step_started', ...step('a') });
    const retrying: RunEvent = {
      event: 'step_retrying',
      at: new Date(5000).toISOString(),
      workflow_id: 'flow',
      step_id: 'a',
      attempt: 2,
      max_attempts: 3,
      next_in_secs: 4,
      error: 'refused',
    };
    apply(view, retrying);
    expect(view.steps.a?.retry).toEqual({ attempt: 2, maxAttempts: 3, dueAt: 9000, error: 'refused' });
    apply(view, { event: 'step_completed', ...step('a'), result: 1, seq: 2, at: new Date(6000).toISOString() });
    expect(view.steps.a).toMatchObject({ status: 'done', attempts: 2 });
    expect(view.steps.a?.retry).toBeUndefined();
  });

  test('a best-effort event that comes late changes nothing', () => {
    const view = after({ event: 'step_started', ...step('a') }, { event: 'step_completed', ...step('a'), result: 1 });
    apply(view, { event: 'step_retrying', at: '', workflow_id: 'flow', step_id: 'a', attempt: 2, max_attempts: 3, next_in_secs: 4, error: 'x' });
    expect(view.steps.a?.status).toBe('done');
    expect(view.steps.a?.retry).toBeUndefined();
  });

  test('an unblocked step is pending again and lacks nothing', () => {
    const view = after(
      { event: 'step_blocked', ...step('c'), missing: ['google:drive'] },
      { event: 'run_blocked', workflow_id: 'flow', missing: ['google:drive'] },
    );
    expect(view.status).toBe('blocked');
    expect(view.steps.c).toMatchObject({ status: 'blocked', missing: ['google:drive'] });
    apply(view, { event: 'step_unblocked', ...step('c'), seq: 3, at: new Date(3000).toISOString() });
    expect(view.status).toBe('running');
    expect(view.steps.c?.status).toBe('pending');
    expect(view.steps.c?.missing).toBeUndefined();
  });

  test('the end of the run brings its status, time and error', () => {
    const view = after({ event: 'workflow_completed', workflow_id: 'flow', status: 'failed', steps_done: 0, steps_failed: 1, error: 'no' });
    expect(view).toMatchObject({ status: 'failed', completedAt: 1000, error: 'no' });
  });

  test('a snapshot replaces everything but the permissions', () => {
    const view = after();
    apply(view, {
      event: 'snapshot',
      seq: 9,
      at: '',
      snapshot: {
        run_id: 'run-1',
        workflow_id: 'flow',
        definition_hash: '',
        status: 'paused',
        steps: { a: { status: 'waiting_for_input', label: 'First', kind: 'wait_for_input', attempts: 0, message: 'Well?' } },
        context: {},
        warnings: [],
        started_at: new Date(500).toISOString(),
      },
    });
    expect(view).toMatchObject({ status: 'paused', startedAt: 500, steps: { a: { status: 'waiting_for_input', message: 'Well?' } } });
    expect(view.permissions['google:drive']).toEqual(['read', 'write']);
  });
});

describe('fan-outs and children', () => {
  const event = (view: RunView, body: EventBody) => apply(view, { ...body, seq: 99, at: new Date(99_000).toISOString() });
  const snapshotWith = (items: ItemsSnapshot): RunSnapshot => ({
    ...{ run_id: 'run-1', workflow_id: 'flow', definition_hash: '', status: 'running', context: {}, warnings: [], started_at: new Date(0).toISOString() },
    steps: { a: { status: 'running', label: 'First', kind: 'checkpoint', attempts: 0, items } },
  });

  test('counts elements, and knows those that wait or have failed until they are run again', () => {
    const view = after(
      { event: 'step_started', ...step('a') },
      { event: 'step_progress', ...step('a'), total: 10, done: 2, failed: 0 },
      { event: 'step_waiting', ...step('a'), index: 3, message: 'Well?', schema: null },
      { event: 'step_item_failed', ...step('a'), index: 4, error: 'no', held: true },
    );
    expect(view.steps.a).toMatchObject({ status: 'running', items: { total: 10, done: 2, failed: 1 } });
    expect([...(view.steps.a?.items?.waiting.keys() ?? [])]).toEqual([3]);
    expect(view.steps.a?.items?.failures.get(4)).toEqual({ error: 'no', held: true });
    event(view, { event: 'step_retried', ...step('a'), index: 4 });
    expect(view.steps.a?.items).toMatchObject({ failed: 0, failures: new Map() });
    event(view, { event: 'step_completed', ...step('a'), result: Array(10).fill(1) });
    expect(view.steps.a?.items).toMatchObject({ total: 10, done: 10, failed: 0, waiting: new Map() });
  });

  test('takes from a snapshot which elements are open, and no step that is settled', () => {
    const view = after({ event: 'step_started', ...step('a') }, { event: 'step_waiting', ...step('a'), index: 3, message: 'Well?', schema: null });
    takeParts(view, snapshotWith({ total: 9, done: 4, failed: 0, running: 1, waiting: [{ index: 5, message: 'And?' }] }));
    expect(view.steps.a?.items).toMatchObject({ total: 9, done: 4, waiting: new Map([[5, { message: 'And?' }]]) });
    event(view, { event: 'step_completed', ...step('a'), result: [] });
    takeParts(view, snapshotWith({ total: 9, done: 4, failed: 0, running: 5 }));
    expect(view.steps.a?.status).toBe('done');
  });

  test('what waits of a run has the run and the address on which it is answered', () => {
    const waiting = [{ run_id: 'run-1/a[1]/b', step_id: 'ask', index: 2, message: 'Well?' }];
    const view = viewOfSnapshot(
      snapshotWith({ total: 9, done: 4, failed: 0, running: 1, waiting: [{ index: 5, message: 'And?' }], children: [{ index: 1, run_id: 'run-1/a[1]', status: 'paused', waiting }] }),
    );
    expect(waitsOf(view)).toMatchObject([
      { runId: 'run-1', stepId: 'a', index: 5, title: 'First [5]' },
      { runId: 'run-1/a[1]/b', stepId: 'ask', index: 2, title: 'First [1] / ask [2]', under: { stepId: 'a', index: 1, between: '/b' } },
    ]);
  });

  test('a blocked fan-out stays blocked however far it has come, until it is unblocked', () => {
    const progress: EventBody = { event: 'step_progress', ...step('a'), total: 10, done: 0, failed: 0 };
    const view = after({ event: 'step_started', ...step('a') }, { event: 'step_blocked', ...step('a'), missing: ['x:y'] }, progress);
    expect(view.steps.a).toMatchObject({ status: 'blocked', missing: ['x:y'], items: { total: 10 } });
    event(view, { event: 'step_unblocked', ...step('a') });
    expect(view.steps.a?.status).toBe('running');
  });

  test('a step stands as its child does', () => {
    const view = after({ event: 'step_started', ...step('a'), child_run_id: 'run-1/a' });
    expect(view.steps.a?.child).toEqual({ run_id: 'run-1/a', status: 'running' });
    const waiting = [{ run_id: 'run-1/a', step_id: 'ask', message: 'Well?' }];
    event(view, { event: 'step_child', ...step('a'), child_run_id: 'run-1/a', child_status: 'paused', waiting });
    expect(view.steps.a?.status).toBe('waiting_for_input');
    event(view, { event: 'step_child', ...step('a'), child_run_id: 'run-1/a', child_status: 'blocked', missing: ['x:y'] });
    expect(view.steps.a).toMatchObject({ status: 'blocked', missing: ['x:y'] });
    event(view, { event: 'step_child', ...step('a'), child_run_id: 'run-1/a', child_status: 'running' });
    expect(view.steps.a?.status).toBe('running');
    expect(view.steps.a?.missing).toBeUndefined();
  });
});
