import { describe, expect, it } from 'vitest';
import { Driver, parallel, tool, wait, type Steps } from '../../test/support/machine-driver.js';
import type { JsonObject } from '../definition/json.js';
import type { MigrationDecisions } from '../definition/migration.js';
import { restore, type Carried } from './carry.js';
import { RunMachine } from './machine.js';
import { migrated, planFor } from './migrate.js';
import { compilePlan } from './plan.js';
import { retry } from './steer.js';

const fan = (more: JsonObject = {}): Steps[number] => tool('fan', { for_each: { items: [1, 2, 3] }, input: {}, ...more });

/** Moves the run to other steps, as when it continues as new. */
function move(run: Driver, steps: Steps, decisions: MigrationDecisions = {}): void {
  const before = run.machine;
  const after = compilePlan({ ...before.plan.definition, steps }, undefined);
  const plan = planFor(before, after, decisions);
  expect(plan.verdict).toBe('compatible');
  const carried = migrated(before, after, plan, { at: before.now, event: 'run_migrated', step: -1 });
  run.machine = new RunMachine(after, before.options);
  run.machine.now = before.now;
  run.started = [];
  restore(run.machine, JSON.parse(JSON.stringify(carried)) as Carried);
  const check = run.machine.gate.everything();
  if (check) run.machine.learn(check, run.report(check));
  run.turn();
}

const reruns = (run: Driver): (number | undefined)[] => run.tasks.map((task) => task.rerun);

describe('a fan-out of a run that is moved to another definition', () => {
  it('runs again under names that it has not had, also of elements that were retried before', () => {
    const run = new Driver({ on_failure: 'hold', steps: [fan(), wait('w')] }).begin();
    run.element('fan', 0).failElement('fan', 1).element('fan', 2);
    expect(run.machine.held.size).toBe(1);
    retry(run.machine, 'fan', 1);
    run.turn().element('fan', 1);
    expect(run.status('fan')).toBe('done');
    move(run, [fan(), wait('w')], { fan: 'rerun' });
    expect(reruns(run)).toEqual([2, 2, 2]);
    run.element('fan', 0).element('fan', 1).element('fan', 2);
    move(run, [fan(), wait('w')], { fan: 'rerun' });
    expect(reruns(run)).toEqual([3, 3, 3]);
  });

  it('starts new children when it runs again', () => {
    const kind = { type: 'workflow', workflow_id: 'part' };
    const steps = [{ id: 'fan', kind, for_each: { items: [1] } }, wait('w', parallel)] as unknown as Steps;
    const run = new Driver({ steps }).begin();
    const ids = (): (string | undefined)[] => run.started.map((start) => start.child?.run_id);
    expect(ids()).toEqual(['fan[0]']);
    const [child] = run.machine.children.values();
    run.machine.children.clear();
    run.machine.runningChildren.clear();
    run.machine.succeed(child?.index ?? -1, { result: 1 });
    run.turn();
    move(run, steps, { fan: 'rerun' });
    expect(ids()).toEqual(['fan[0]#1']);
  });

  it('goes on with elements that had begun before reruns had names of their own', () => {
    const run = new Driver({ steps: [fan(), wait('w')] }, { patched: () => false }).begin();
    run.element('fan', 0).element('fan', 1).element('fan', 2);
    move(run, [fan(), wait('w')], { fan: 'rerun' });
    expect(reruns(run)).toEqual([undefined, undefined, undefined]);
  });

  it('begins anew, as a failed step does, when only held elements of it are open', () => {
    const run = new Driver({ on_failure: 'hold', steps: [fan(), wait('w', { depends_on: ['fan'] })] }).begin();
    run.element('fan', 0).failElement('fan', 1).element('fan', 2);
    expect(run.machine.status).toBe('paused');
    const mended = fan({ input: { mended: true } });
    move(run, [mended, wait('w', { depends_on: ['fan'] })]);
    expect([run.machine.held.size, run.machine.paused]).toEqual([0, undefined]);
    expect(run.tasks.map(({ mapping, rerun }) => [mapping, rerun])).toEqual(Array(3).fill([{ mended: true }, 1]));
    run.element('fan', 0).element('fan', 1).element('fan', 2);
    expect(run.status('w')).toBe('waiting_for_input');
  });

  it('keeps its held elements when it stays as it is', () => {
    const run = new Driver({ on_failure: 'hold', steps: [fan(), wait('w', { depends_on: ['fan'] })] }).begin();
    run.element('fan', 0).failElement('fan', 1).element('fan', 2);
    move(run, [fan(), wait('w', { depends_on: ['fan'], timeout_secs: 60 })]);
    expect([run.machine.paused?.by, run.machine.held.size, run.tasks]).toEqual(['failure', 1, []]);
  });

  it('cannot be moved while an element of it runs', () => {
    const run = new Driver({ on_failure: 'hold', steps: [fan()] }).begin();
    run.failElement('fan', 1);
    const plan = planFor(run.machine, compilePlan({ ...run.machine.plan.definition, steps: [fan({ input: { other: 1 } })] }, undefined), {});
    expect(plan.verdict).toBe('refused');
  });
});
