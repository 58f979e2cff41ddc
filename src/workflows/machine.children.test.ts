import { describe, expect, it } from 'vitest';
import { Driver, IDENTITY, inEachExecution, note, parallel, tool, type Steps } from '../../test/support/machine-driver.js';
import type { JsonObject, JsonValue } from '../definition/json.js';
import { carry, restore, type Carried } from './carry.js';
import { childChanged, childEnded } from './child.js';
import { snapshotOf } from './observe.js';
import { failRun, pause, resume, retry } from './steer.js';

inEachExecution(() => {
  describe('children', () => {
    const child = (id: string, more: JsonObject = {}, kind: JsonObject = {}): Steps[number] =>
      ({ id, kind: { type: 'workflow', workflow_id: 'inner', ...kind }, ...more }) as unknown as Steps[number];
    const completed = (output: JsonValue) => ({ status: 'completed', output }) as const;

    it('starts a run with its input, whose output is the result', () => {
      const steps = [child('c', { input: { a: '{input.x}', b: 1 } }, { input: { b: 2 }, version: 3, entry_point: 'late' }), note('n', '{steps.c.y}')];
      const run = new Driver({ steps }, { input: { x: 7 } }).begin();
      expect(run.started[0]?.child).toEqual({ run_id: 'c', workflow_id: 'inner', version: 3, entry_point: 'late', input: { a: 7, b: 2 } });
      childEnded(run.machine, 'c', completed({ y: 'yes' }));
      expect(run.turn().machine.steps[1]?.result).toEqual({ message: 'yes' });
    });

    it('counts as running until it is paused or blocked, and shows what it waits for', () => {
      const run = new Driver({ steps: [child('c', parallel), tool('s')] }).begin();
      expect(run.running).toEqual([]);
      childChanged(run.machine, { run_id: 'c', status: 'blocked', missing: ['a:b'] });
      expect(run.turn().running).toEqual(['s']);
      run.done('s');
      expect([run.machine.status, run.machine.missing()]).toEqual(['blocked', ['a:b']]);
      const waiting = [{ run_id: 'c', step_id: 'ask', message: 'Well?' }];
      childChanged(run.machine, { run_id: 'c', status: 'paused', waiting });
      expect(run.turn().machine.status).toBe('paused');
      expect(snapshotOf(run.machine, IDENTITY).steps['c']).toMatchObject({ status: 'waiting_for_input', child: { run_id: 'c', waiting } });
      childEnded(run.machine, 'c', completed(1));
      expect(run.turn().machine.status).toBe('completed');
    });

    it('holds back later sequential steps while a sequential one is paused', () => {
      const run = new Driver({ steps: [child('c'), tool('s')] }).begin();
      childChanged(run.machine, { run_id: 'c', status: 'paused' });
      expect(run.turn().running).toEqual([]);
    });

    it('fails with the failure of the child, and is run again under another id', () => {
      const run = new Driver({ on_failure: 'hold', steps: [child('c')] }).begin();
      childEnded(run.machine, 'c', { status: 'failed', failure: { code: 'TOOL_FAILED', message: "Run 'c' failed: Step 'x' failed: no" } });
      expect(run.turn().machine.paused?.by).toBe('failure');
      retry(run.machine, 'c');
      expect(run.turn().started.at(-1)?.child?.run_id).toBe('c#1');
    });

    it('is canceled when the run fails, which is over when it has ended', () => {
      const run = new Driver({ steps: [child('c', parallel), tool('a', parallel)] }).begin();
      run.fail('a');
      expect([run.machine.over, run.machine.steps[0]?.child?.ending?.code]).toEqual([false, 'RUN_CANCELED']);
      childEnded(run.machine, 'c', { status: 'canceled', failure: { code: 'RUN_CANCELED', message: 'canceled' } });
      expect(run.turn().machine.status).toBe('failed');
    });

    it('is canceled when it takes too long', () => {
      const run = new Driver({ steps: [child('c', { timeout_secs: 5 })] }).begin();
      run.machine.timeUp(0);
      expect(run.machine.over).toBe(false);
      childEnded(run.machine, 'c', { status: 'canceled', failure: { code: 'RUN_CANCELED', message: 'canceled' } });
      expect(run.turn().machine.failure).toMatchObject({ code: 'TIMED_OUT' });
    });

    it('runs once per element of a fan-out, within its limit', () => {
      const run = new Driver({ steps: [child('c', { for_each: { items: [1, 2, 3], concurrency: 2 }, input: { n: '{item}' } })] }).begin();
      expect(run.started.map((start) => [start.child?.run_id, start.child?.input])).toEqual([['c[0]', { n: 1 }], ['c[1]', { n: 2 }]]);
      childEnded(run.machine, 'c[0]', completed('a'));
      run.turn();
      expect(run.started.at(-1)?.child?.run_id).toBe('c[2]');
      childEnded(run.machine, 'c[2]', completed('c'));
      childEnded(run.machine, 'c[1]', completed('b'));
      expect(run.turn().machine.steps[0]?.result).toEqual(['a', 'b', 'c']);
    });

    it('is refused an input that is no object', () => {
      const run = new Driver({ steps: [child('c', { input: '{input.x}' })] }, { input: { x: [1] } }).begin();
      expect(run.machine.failure).toMatchObject({ code: 'INVALID_INPUT' });
    });

    it('lets what stands behind one that cannot start begin at once', () => {
      const run = new Driver({
        steps: [child('c', { input: '{input.x}', on_error: 'continue' }), tool('t', { depends_on: ['c'] }), note('n', 'x', { depends_on: ['c'] })],
      }, { input: { x: 'text' } });
      run.machine.now = 1_000;
      run.machine.start();
      run.machine.advance();
      const check = run.machine.gate.takeChecks();
      if (check) run.machine.checked(check.steps, check.check, run.report(check.check));
      run.machine.takeStarts(1e6, 1e6, () => ({ bytes: 1, cost: 1 }));
      expect(run.status('c')).toBe('failed');
      expect(run.running.length + run.machine.gate.checking).toBeGreaterThan(0);
      expect(run.turn().running).toEqual(['t']);
    });

    it('is blocked though it has a time-out', () => {
      const run = new Driver({ steps: [child('c', { timeout_secs: 3_600 })] }).begin();
      childChanged(run.machine, { run_id: 'c', status: 'blocked', missing: ['a:b'] });
      expect(run.turn().machine.status).toBe('blocked');
    });

    it('is to be canceled when its run ends at once', () => {
      const run = new Driver({ steps: [child('c')] }).begin();
      failRun(run.machine, { code: 'HISTORY_FULL', message: 'full' });
      expect([run.machine.over, run.machine.abandoned]).toEqual([true, ['c']]);
    });

    it('starts no further elements of a stopped fan-out after it has continued as new', () => {
      const steps = [child('c', { for_each: { items: [1, 2, 3], concurrency: 1, on_error: 'continue' }, execution: 'parallel' }), tool('a', parallel)];
      const run = new Driver({ steps }).begin();
      run.fail('a');
      const carried = JSON.parse(JSON.stringify(carry(run.machine))) as Carried;
      const next = new Driver({ steps });
      restore(next.machine, carried);
      childEnded(next.machine, 'c[0]', { status: 'canceled', failure: { code: 'RUN_CANCELED', message: 'canceled' } });
      expect(next.turn().started).toEqual([]);
      expect(next.machine.status).toBe('failed');
      expect(next.machine.failure?.message).toBe('broken');
    });

    it('is not paused twice: its user’s pause outlives that of its parent', () => {
      const run = new Driver({ steps: [tool('a'), tool('b')] }).begin();
      pause(run.machine);
      pause(run.machine, 'parent');
      resume(run.machine, 'parent');
      expect(run.machine.paused?.by).toBe('user');
      resume(run.machine);
      pause(run.machine, 'parent');
      pause(run.machine);
      resume(run.machine, 'parent');
      expect(run.machine.paused?.by).toBe('user');
      resume(run.machine);
      pause(run.machine, 'parent');
      resume(run.machine, 'parent');
      expect(run.done('a').running).toEqual(['b']);
    });
  });
});
