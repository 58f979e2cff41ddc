import { describe, expect, it } from 'vitest';
import { Driver, inEachExecution, note, parallel, tool, wait, type Steps } from '../../test/support/machine-driver.js';
import type { JsonObject } from '../definition/json.js';
import { cancel, heldUnits, isSkippable, pause, resume, retry, skip } from './steer.js';

inEachExecution(() => {
  describe('failure control', () => {
    const after = (id: string, more: JsonObject = {}): JsonObject => ({ depends_on: [id], ...more });

    it('goes on behind a step that fails with on_error: continue, which sees the error', () => {
      const run = new Driver({ steps: [tool('a', { on_error: 'continue' }), note('b', '{steps.a.error}', after('a'))] }).begin();
      run.fail('a', 'no luck');
      expect(run.machine.status).toBe('completed');
      expect(run.machine.steps[1]?.result).toEqual({ message: 'no luck' });
    });

    it('runs a failure handler and then what runs always, leaves the rest unreached, and still fails', () => {
      const run = new Driver({
        steps: [
          tool('a'),
          tool('next', after('a')),
          tool('undo', after('a', { run_on: 'failure' })),
          tool('last', { run_on: 'always' }),
        ],
      }).begin();
      run.fail('a');
      expect(run.running).toEqual(['undo']);
      run.done('undo');
      expect(run.running).toEqual(['last']);
      run.done('last');
      expect(run.machine.status).toBe('failed');
      expect(run.status('next')).toBe('pending');
      expect(run.machine.failure).toMatchObject({ step: 0 });
    });

    it('skips failure handlers when nothing failed', () => {
      const run = new Driver({
        steps: [tool('a'), tool('undo', after('a', { run_on: 'failure' })), tool('any', { run_on: 'failure' }), tool('b', after('undo'))],
      }).begin();
      run.done('a');
      expect([run.status('undo'), run.running]).toEqual(['skipped', ['b']]);
      run.done('b');
      expect(run.status('any')).toBe('skipped');
      expect(run.machine.status).toBe('completed');
    });

    it('starts compensation only when what still runs beside the failure has ended, if it stands behind it', () => {
      const run = new Driver({
        steps: [tool('a', parallel), tool('b', parallel), tool('undo', { run_on: 'failure', depends_on: ['a', 'b'] })],
      }).begin();
      run.fail('a');
      expect(run.running).toEqual(['b']);
      expect(run.done('b').running).toEqual(['undo']);
    });

    it('gives up waiting and blocked steps when the run fails', () => {
      const run = new Driver({ steps: [tool('a', parallel), wait('w', parallel), tool('d', { requires: [{ skill: 'x:y' }], ...parallel })] });
      run.missing.add('x:y');
      run.begin();
      run.fail('a');
      expect(run.machine.status).toBe('failed');
      expect([run.status('w'), run.status('d')]).toEqual(['pending', 'pending']);
    });

    it('runs steps that run always after a cancel, and nothing else', () => {
      const run = new Driver({ steps: [tool('a'), tool('b'), tool('clean', { run_on: 'always' })] }).begin();
      cancel(run.machine);
      run.machine.fail(0, { code: 'RUN_CANCELED', message: 'canceled' });
      run.turn();
      expect(run.running).toEqual(['clean']);
      run.done('clean');
      expect(run.machine.status).toBe('canceled');
    });

    it('holds a failed run until the step is retried with a new idempotency key', () => {
      const run = new Driver({ on_failure: 'hold', steps: [tool('a'), tool('b')] }).begin();
      run.fail('a');
      expect(run.machine.status).toBe('paused');
      expect(run.machine.paused?.by).toBe('failure');
      retry(run.machine, 'a');
      expect(run.turn().running).toEqual(['a']);
      expect(run.tasks.at(-1)?.rerun).toBe(1);
      run.done('a').done('b');
      expect(run.machine.status).toBe('completed');
      expect(run.machine.counts).toEqual({ done: 2, failed: 0, skipped: 0 });
    });

    it('lets a held step be skipped with a result, or the run be given up', () => {
      const skipped = new Driver({ on_failure: 'hold', steps: [tool('a'), note('b', '{steps.a.v}')] }).begin().fail('a');
      skip(skipped.machine, 'a', { v: 'by hand' });
      skipped.turn();
      expect(skipped.machine.steps[1]?.result).toEqual({ message: 'by hand' });
      const given = new Driver({ on_failure: 'hold', steps: [tool('a'), tool('b')] }).begin().fail('a');
      resume(given.machine);
      expect(given.turn().machine.status).toBe('failed');
    });

    it('tells of the hold once, and of the step that it is for', () => {
      const run = new Driver({ on_failure: 'hold', steps: [tool('a', parallel), tool('b', parallel)] }).begin().fail('a').fail('b');
      const told = () => run.machine.log.newest(100).flatMap(({ event, fields }) => (/^run_|failed/.test(event) ? [{ event, ...fields }] : []));
      expect(told()).toMatchObject([
        { event: 'step_failed', held: true },
        { event: 'run_paused', by: 'failure' },
        { event: 'step_failed', held: true },
      ]);
      retry(run.machine, 'a');
      expect(run.turn().running).toEqual([]);
      skip(run.machine, 'b', undefined);
      expect(told().at(-1)).toEqual({ event: 'run_resumed' });
      expect(run.turn().running).toEqual(['a']);
    });

    it('holds on when its user ends a pause during which a step failed', () => {
      const run = new Driver({ on_failure: 'hold', steps: [tool('a'), tool('b')] }).begin();
      pause(run.machine);
      run.fail('a');
      resume(run.machine);
      expect([run.machine.paused?.by, heldUnits(run.machine, 'a').length > 0]).toEqual(['failure', true]);
      resume(run.machine);
      expect(run.turn().machine.status).toBe('failed');
    });

    it('keeps its user’s pause when a failure that it holds for is dealt with', () => {
      const run = new Driver({ on_failure: 'hold', steps: [tool('a'), tool('b')] }).begin();
      run.fail('a');
      pause(run.machine);
      retry(run.machine, 'a');
      expect([run.machine.paused?.by, run.turn().running]).toEqual(['user', []]);
      resume(run.machine);
      expect(run.turn().running).toEqual(['a']);
    });

    it('leaves no error at a step that is skipped instead', () => {
      const run = new Driver({ on_failure: 'hold', steps: [tool('a')] }).begin();
      run.fail('a');
      skip(run.machine, 'a', 1);
      expect(run.machine.steps[0]).toMatchObject({ status: 'skipped', result: 1 });
      expect(run.machine.steps[0]).not.toHaveProperty('error');
      expect(run.machine.steps[0]).not.toHaveProperty('errorCode');
    });

    it('moves to no other definition when it is canceled: what runs always does', () => {
      const run = new Driver({ steps: [tool('a'), tool('last', { run_on: 'always' })] }).begin();
      run.machine.migration = { definition: run.machine.plan.definition, definition_hash: 'other' };
      cancel(run.machine);
      run.fail('a');
      expect(run.running).toEqual(['last']);
      expect(run.machine.warnings).toMatchObject([{ code: 'MIGRATION_GIVEN_UP' }]);
    });
  });

  describe('pause and delay', () => {
    const delay = (id: string, secs: number, more: JsonObject = {}): Steps[number] =>
      ({ id, kind: { type: 'delay', secs }, ...more }) as unknown as Steps[number];

    it('starts nothing new while paused, keeps what runs, and goes on where it was', () => {
      const run = new Driver({ steps: [tool('a'), tool('b')] }).begin();
      pause(run.machine);
      run.done('a');
      expect([run.machine.status, run.running]).toEqual(['paused', []]);
      resume(run.machine);
      expect(run.turn().running).toEqual(['b']);
    });

    it('begins nothing inline either that a check finds to be there while paused', () => {
      const run = new Driver({ steps: [note('n', 'x', { requires: [{ skill: 'x:y' }], ...parallel }), tool('b', parallel)] });
      run.missing.add('x:y');
      run.begin();
      pause(run.machine);
      run.missing.clear();
      run.machine.recheck();
      expect([run.turn().status('n'), run.machine.blocked.size]).toEqual(['pending', 0]);
      resume(run.machine);
      expect(run.turn().status('n')).toBe('done');
    });

    it('takes answers while paused', () => {
      const run = new Driver({ steps: [wait('w'), tool('b')] }).begin();
      pause(run.machine);
      run.machine.answer('w', 1);
      expect(run.turn().running).toEqual([]);
      resume(run.machine);
      expect(run.turn().running).toEqual(['b']);
    });

    it('ends a delay at its time; a short one holds back sequential steps, a long parallel one does not', () => {
      const short = new Driver({ steps: [delay('d', 60, parallel), tool('s')] }).begin();
      expect(short.running).toEqual([]);
      expect(short.machine.deadlines.get(0)).toBe(61_000);
      short.machine.now = 61_000;
      short.machine.timeUp(0);
      expect(short.turn().running).toEqual(['s']);
      expect(short.machine.steps[0]?.result).toEqual({ until: '1970-01-01T00:01:01.000Z' });
      expect(new Driver({ steps: [delay('d', 61, parallel), tool('s')] }).begin().running).toEqual(['s']);
      expect(new Driver({ steps: [delay('d', 61), tool('s')] }).begin().running).toEqual([]);
    });

    it('keeps an answer that came at the moment when the time was up', () => {
      const run = new Driver({ steps: [wait('w', { timeout_secs: 5 }), tool('b')] }).begin();
      run.machine.answer('w', 1);
      run.machine.timeUp(0);
      expect([run.machine.steps[0]?.result, run.machine.counts.done]).toEqual([1, 1]);
    });

    it('fails a wait that lasts too long', () => {
      const run = new Driver({ steps: [wait('w', { timeout_secs: 5 })] }).begin();
      run.machine.timeUp(0);
      expect(run.turn().machine.failure).toMatchObject({ code: 'TIMED_OUT' });
    });

    it('skips a pending, waiting or blocked step at its user’s word', () => {
      const run = new Driver({ steps: [wait('w'), tool('b'), tool('c')] }).begin();
      expect(isSkippable(run.machine, 'b')).toBe(true);
      skip(run.machine, 'b', { v: 1 });
      skip(run.machine, 'w', undefined);
      expect(run.turn().running).toEqual(['c']);
      expect(isSkippable(run.machine, 'c')).toBe(false);
    });
  });
});
