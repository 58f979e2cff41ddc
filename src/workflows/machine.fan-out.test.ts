import { describe, expect, it } from 'vitest';
import { Driver, IDENTITY, inEachExecution, note, parallel, tool, wait, type Steps } from '../../test/support/machine-driver.js';
import type { JsonObject, JsonValue } from '../definition/json.js';
import { snapshotOf } from './observe.js';
import { cancel, heldUnits, resume, retry, skip } from './steer.js';

inEachExecution(() => {
  describe('fan-out', () => {
    const each = (id: string, forEach: JsonObject, more: JsonObject = {}): Steps[number] =>
      tool(id, { for_each: { items: '{input.rows}', ...forEach }, input: { v: '{item.v}' }, ...more });
    const rows = (count: number): { input: JsonObject } => ({ input: { rows: Array.from({ length: count }, (_, v) => ({ v })) } });
    const elements = (run: Driver): (number | undefined)[] => [...run.machine.running].map((index) => run.machine.unit(index)?.element);
    const items = (run: Driver, id: string) => snapshotOf(run.machine, IDENTITY).steps[id]?.items;

    it('counts all elements that wait, beyond those that it lists', () => {
      const ask = { ...wait('w'), for_each: { items: '{input.rows}' } } as Steps[number];
      const of = (count: number) => snapshotOf(new Driver({ steps: [ask] }, rows(count)).begin().machine, IDENTITY).steps['w']?.items;
      expect([of(100)?.waiting?.length, of(100)?.waiting_total]).toEqual([100, undefined]);
      expect([of(600)?.waiting?.length, of(600)?.waiting_total]).toEqual([100, 600]);
    });

    it('runs the kind once per element with its values, keeps the order, and gives the list of results', () => {
      const run = new Driver({ steps: [each('e', { as: 'row' }, { input: { v: '{item.v}', at: '{item.index}', row: '{row.v}', nth: '{row_index}' } }), note('n', '{steps.e.1.ok}')] }, rows(3)).begin();
      expect(elements(run)).toEqual([0, 1, 2]);
      expect(run.tasks[1]).toMatchObject({ step_id: 'e', index: 1, values: { 'item.v': 1, 'item.index': 1, 'row.v': 1, row_index: 1 } });
      run.element('e', 2).element('e', 0).element('e', 1);
      expect(run.machine.steps[0]?.result).toEqual([{ ok: 0 }, { ok: 1 }, { ok: 2 }]);
      expect(run.machine.steps[1]?.result).toEqual({ message: '1' });
      expect(items(run, 'e')).toEqual({ total: 3, done: 3, failed: 0, running: 0 });
    });

    it('runs at most `concurrency` elements at once', () => {
      const run = new Driver({ steps: [each('e', { concurrency: 2 })] }, rows(4)).begin();
      expect(elements(run)).toEqual([0, 1]);
      expect(elements(run.element('e', 1))).toEqual([0, 2]);
      expect(elements(run.element('e', 0).element('e', 2))).toEqual([3]);
    });

    it("is bounded by the run's concurrency, too", () => {
      const run = new Driver({ concurrency: 3, steps: [each('e', {}, parallel), tool('p', parallel)] }, rows(5)).begin();
      expect(run.machine.running.size).toBe(3);
    });

    it('gives an empty list for an empty one, and fails on what is no list', () => {
      const run = new Driver({ steps: [each('e', {}), tool('b')] }, rows(0)).begin();
      expect([run.machine.steps[0]?.result, run.running]).toEqual([[], ['b']]);
      const wrong = new Driver({ steps: [each('e', {})] }, { input: { rows: 7 } }).begin();
      expect(wrong.machine.failure).toMatchObject({ code: 'BAD_ITEMS', message: expect.stringContaining('of type number') as string });
    });

    it('starts nothing more when an element fails, keeps what runs, and fails naming the element', () => {
      const run = new Driver({ steps: [each('e', { concurrency: 2 }), tool('b')] }, rows(4)).begin();
      run.failElement('e', 1, 'no luck');
      expect(elements(run)).toEqual([0]);
      run.element('e', 0);
      expect(run.machine.failure).toMatchObject({ code: 'TOOL_FAILED', message: 'Element 1 of 4 failed: no luck', step: 0 });
      expect(items(run, 'e')).toEqual({ total: 4, done: 1, failed: 1, running: 0, failures: [{ index: 1, error: 'no luck', error_code: 'TOOL_FAILED' }] });
    });

    it.each<JsonObject>([{}, { on_error: 'continue' }])('is not done when a cancel cuts off its elements (%o), so that a rerun runs it again', (forEach) => {
      const run = new Driver({ steps: [each('e', forEach)] }, rows(3)).begin();
      run.element('e', 0);
      cancel(run.machine);
      for (const index of [...run.machine.running]) run.machine.fail(index, { code: 'RUN_CANCELED', message: 'The run was canceled' });
      run.turn();
      expect([run.machine.status, run.machine.steps[0]?.status]).toEqual(['canceled', 'failed']);
      expect(run.machine.steps[0]?.error).toBe('Element 1 of 3 failed: The run was canceled');
    });

    it('keeps the good ones with on_error: continue, and puts errors in their places', () => {
      const run = new Driver({ steps: [each('e', { on_error: 'continue' })] }, rows(3)).begin();
      run.failElement('e', 1, 'no luck').element('e', 0).element('e', 2);
      expect(run.machine.status).toBe('completed');
      expect(run.machine.steps[0]?.result).toEqual([{ ok: 0 }, { error: 'no luck', error_code: 'TOOL_FAILED' }, { ok: 2 }]);
    });

    it('lets dependents go on with the error when the step says on_error: continue', () => {
      const run = new Driver({ steps: [each('e', {}, { on_error: 'continue' }), note('n', '{steps.e.error}', { depends_on: ['e'] })] }, rows(1)).begin();
      run.failElement('e', 0, 'no luck');
      expect(run.machine.steps[1]?.result).toEqual({ message: 'Element 0 of 1 failed: no luck' });
    });

    it('holds for one element, which is retried alone', () => {
      const run = new Driver({ on_failure: 'hold', steps: [each('e', {})] }, rows(3)).begin();
      run.element('e', 0).failElement('e', 1, 'no luck').element('e', 2);
      expect([run.machine.status, items(run, 'e')?.failures]).toEqual(['paused', [{ index: 1, error: 'no luck', error_code: 'TOOL_FAILED', held: true }]]);
      expect(heldUnits(run.machine, 'e', 0)).toEqual([]);
      retry(run.machine, 'e', 1);
      expect(elements(run.turn())).toEqual([1]);
      expect(run.tasks.at(-1)).toMatchObject({ index: 1, rerun: 1 });
      expect(run.element('e', 1).machine.steps[0]?.result).toEqual([{ ok: 0 }, { ok: 1 }, { ok: 2 }]);
    });

    it('lets one held element be skipped with a result, and all of them be retried at once', () => {
      const run = new Driver({ on_failure: 'hold', steps: [each('e', {})] }, rows(3)).begin();
      run.failElement('e', 0).failElement('e', 1).failElement('e', 2);
      skip(run.machine, 'e', { by: 'hand' }, 1);
      expect(elements(run.turn())).toEqual([]);
      retry(run.machine, 'e');
      expect(elements(run.turn())).toEqual([0, 2]);
      run.element('e', 0).element('e', 2);
      expect(run.machine.steps[0]?.result).toEqual([{ ok: 0 }, { by: 'hand' }, { ok: 2 }]);
    });

    it('is given up with its failure when the run does not hold on', () => {
      const run = new Driver({ on_failure: 'hold', steps: [each('e', {}, parallel), tool('b', parallel)] }, rows(2)).begin();
      run.failElement('e', 0, 'no luck').element('e', 1).fail('b');
      resume(run.machine);
      run.turn();
      expect(run.machine.status).toBe('failed');
      expect(run.machine.steps.map(({ status }) => status)).toEqual(['failed', 'failed']);
    });

    it('asks for each element, whose answers are its results', () => {
      const ask = { ...wait('w'), for_each: { items: '{input.rows}' }, kind: { type: 'wait_for_input', message: 'For {item.v}?' } } as Steps[number];
      const run = new Driver({ steps: [ask, tool('b')] }, rows(2)).begin();
      expect([run.machine.status, snapshotOf(run.machine, IDENTITY).steps['w']?.status]).toEqual(['paused', 'waiting_for_input']);
      expect(run.machine.waitingStep('w')).toBeUndefined();
      expect(run.machine.waitingStep('w', 1)).toMatchObject({ message: 'For 1?' });
      run.machine.answer('w', 'yes', 1);
      run.turn();
      expect(items(run, 'w')?.waiting).toEqual([{ index: 0, message: 'For 0?' }]);
      run.machine.answer('w', 'no', 0);
      expect([run.turn().machine.steps[0]?.result, run.running]).toEqual([['no', 'yes'], ['b']]);
    });

    it('chooses a branch for each element', () => {
      const kind = { type: 'condition', expression: '{item.v} == 1', if_true: { type: 'tool_call', tool_name: 'echo' }, if_false: { type: 'checkpoint', message: 'no {item.v}' } };
      const run = new Driver({ steps: [{ id: 'c', kind, for_each: { items: '{input.rows}' } } as unknown as Steps[number]] }, rows(3)).begin();
      expect(elements(run)).toEqual([1]);
      expect(run.element('c', 1).machine.steps[0]?.result).toEqual([{ message: 'no 0' }, { ok: 1 }, { message: 'no 2' }]);
    });

    it("sees the element by its name in a condition's expression, also in a branch, and not in skip_if", () => {
      const kind = {
        type: 'condition',
        expression: '{row.v} == 1',
        if_true: { type: 'condition', expression: 'row_index != 1', if_true: { type: 'checkpoint', message: 'odd' }, if_false: { type: 'checkpoint', message: 'one' } },
        if_false: { type: 'checkpoint', message: 'no {row.v}' },
      };
      const step = { id: 'c', kind, for_each: { items: '{input.rows}', as: 'row' }, skip_if: '{row.v}' } as unknown as Steps[number];
      const result = (options: object) => new Driver({ steps: [step] }, { ...rows(3), ...options }).begin().machine.steps[0]?.result;
      expect(result({})).toEqual([{ message: 'no 0' }, { message: 'one' }, { message: 'no 2' }]);
      // A run that got there before the names counted goes on as it did.
      expect(result({ patched: () => false })).toEqual([{ message: 'no 0' }, { message: 'no 1' }, { message: 'no 2' }]);
    });

    it('blocks as a step, and goes on when what it lacks appears', () => {
      const run = new Driver({ steps: [each('e', {}, { requires: [{ skill: 'google:drive' }] }), tool('b')] }, rows(3));
      run.missing.add('google:drive');
      run.begin();
      expect(snapshotOf(run.machine, IDENTITY).steps['e']).toMatchObject({ status: 'blocked', missing: ['google:drive'] });
      expect(run.done('b').machine.status).toBe('blocked');
      expect(run.events.filter((event) => event.startsWith('step_blocked'))).toEqual(['step_blocked e']);
      run.missing.clear();
      run.machine.recheck();
      expect(elements(run.turn())).toEqual([0, 1, 2]);
      expect(run.events.filter((event) => event.startsWith('step_unblocked'))).toEqual(['step_unblocked e']);
    });

    it('takes its turn as the sequential step that it is', () => {
      const run = new Driver({ steps: [tool('a'), each('e', { concurrency: 1 }), tool('b')] }, rows(2)).begin();
      expect(run.running).toEqual(['a']);
      expect(elements(run.done('a'))).toEqual([0]);
      expect(elements(run.element('e', 0))).toEqual([1]);
      expect(run.element('e', 1).running).toEqual(['b']);
    });

    it('is left unreached, with what it has done, when another step fails', () => {
      const run = new Driver({ steps: [each('e', { concurrency: 1 }, parallel), tool('b', parallel)] }, rows(3)).begin();
      run.element('e', 0).fail('b');
      expect(run.machine.status).toBe('running');
      run.element('e', 1);
      expect([run.machine.status, run.status('e'), items(run, 'e')]).toEqual(['failed', 'pending', { total: 3, done: 2, failed: 0, running: 0 }]);
    });

    it('tells of its progress at most a hundred times', () => {
      const steps = [{ ...note('n', '{item.v}'), for_each: { items: '{input.rows}' } }, each('e', {})] as Steps;
      const run = new Driver({ steps }, rows(400)).begin();
      for (let element = 0; element < 400; element += 1) run.element('e', element);
      const told = run.events.filter((event) => event.startsWith('step_progress'));
      expect(told.length).toBeGreaterThan(50);
      expect(told.length).toBeLessThanOrEqual(100);
      expect(run.machine.status).toBe('completed');
    });

    it('settles 10,000 pure elements in one turn', () => {
      const run = new Driver({ steps: [{ ...note('n', '{item.v}'), for_each: { items: '{input.rows}' } }] as Steps }, rows(10_000)).begin();
      expect(run.machine.status).toBe('completed');
      expect((run.machine.steps[0]?.result as JsonValue[])[9_999]).toEqual({ message: '9999' });
    });
  });

  describe('fan-outs of a run that fails', () => {
    const pair = (): Driver =>
      new Driver({ steps: [tool('a', { execution: 'parallel' }), tool('e', { execution: 'parallel', for_each: { items: [1, 2] } })] as Steps }).begin();

    it('fail too when an element of theirs fails meanwhile, though all others are done', () => {
      const run = pair().element('e', 0).fail('a').failElement('e', 1);
      expect([run.machine.status, run.status('e'), run.machine.steps[1]?.error]).toEqual(['failed', 'failed', 'Element 1 of 2 failed: broken']);
    });

    it('are done when all that runs of them still succeeds', () => {
      const run = pair().element('e', 0).fail('a').element('e', 1);
      expect([run.status('e'), run.machine.steps[1]?.result]).toEqual(['done', [{ ok: 0 }, { ok: 1 }]]);
    });
  });
});
