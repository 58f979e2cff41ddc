import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Driver, note, parallel, tool, wait } from '../../test/support/machine-driver.js';
import type { RunInput } from '../definition/messages.js';
import type { WorkflowDefinition } from '../definition/types.js';
import { Continuation } from './continuation.js';

// Temporal's sandbox has no place in a unit test: here is what a run reads of its history.
const temporal = vi.hoisted(() => ({ events: 0, bytes: 0, patches: true }));
vi.mock('@temporalio/workflow', () => ({
  workflowInfo: () => ({ historyLength: temporal.events, historySize: temporal.bytes, continueAsNewSuggested: temporal.events > 4_096, taskQueue: 'q' }),
  patched: () => temporal.patches,
}));

beforeEach(() => {
  Object.assign(temporal, { bytes: 0, patches: true });
});

const external = { checkpoint: { type: 'external', tool_name: 'keep' } } as const;

function runOf(definition: Pick<WorkflowDefinition, 'steps' | 'checkpoint'>) {
  const run = new Driver(definition).begin();
  const input: RunInput = { definition: run.machine.plan.definition };
  return { run, continuation: new Continuation(run.machine, input) };
}

describe('a run whose history grows long', () => {
  it('starts nothing more from 20,000 events on, also while checkpoints are slower than steps', () => {
    const { run, continuation } = runOf({ ...external, steps: [tool('a', parallel), tool('b', { depends_on: ['a'] })] });
    temporal.events = 19_999;
    expect([continuation.due(false), run.machine.draining]).toEqual([undefined, false]);
    temporal.events = 20_000;
    expect([continuation.due(false), run.machine.draining]).toEqual([undefined, true]);
    expect(run.done('a').running).toEqual([]);
    expect(continuation.due(false)).toBeUndefined();
    expect(continuation.due(true)?.carried).toMatchObject({ unsaved: [0] });
  });

  it('goes on as it did when it got there before it drained', () => {
    temporal.patches = false;
    temporal.events = 20_000;
    const { run, continuation } = runOf({ ...external, steps: [tool('a')] });
    expect([continuation.due(false), run.machine.draining]).toEqual([undefined, false]);
  });

  it('takes what is not saved along to its next execution, also when its steps are over', () => {
    const { run, continuation } = runOf({ ...external, steps: [note('a', 'x'), note('b', 'y')] });
    expect([run.machine.over, [...run.machine.unsaved]]).toEqual([true, [0, 1]]);
    temporal.events = 5_000;
    expect(continuation.due(true)).toBeUndefined();
    temporal.events = 20_000;
    expect(continuation.due(true)?.carried).toMatchObject({ unsaved: [0, 1] });
    run.continueAsNew();
    expect([run.machine.over, [...run.machine.unsaved]]).toEqual([true, [0, 1]]);
  });

  it('has nothing to take along without external checkpoints', () => {
    temporal.events = 20_000;
    const { run, continuation } = runOf({ steps: [note('a', 'x')] });
    expect([run.machine.unsaved.size, continuation.due(true)]).toEqual([0, undefined]);
  });

  it('waits for what is due at this moment', () => {
    const { run, continuation } = runOf({ steps: [wait('w', { timeout_secs: 5 })] });
    temporal.events = 5_000;
    run.machine.now = 6_000;
    expect(continuation.due(true)).toBeUndefined();
    run.machine.now = 5_999;
    expect(continuation.due(true)?.carried).toMatchObject({ deadlines: [[0, 6_000]] });
  });

  it('begins what it held back when it is too large to be taken along', () => {
    const { run, continuation } = runOf({ steps: [tool('each', { for_each: { items: [1, 2, 3], concurrency: 1 } })] });
    Object.assign(temporal, { events: 5_000, bytes: 25_000_000 });
    expect([continuation.due(true), run.machine.draining]).toEqual([undefined, true]);
    run.machine.succeed(run.machine.named('each', 0)?.index ?? -1, { result: 'x'.repeat(2_000_000) });
    expect([run.turn().machine.running.size, continuation.due(true)]).toEqual([0, undefined]);
    expect(run.machine.takeStarts(1e6, 1e6, () => ({ bytes: 1, cost: 1 }))).toHaveLength(1);
  });
});
