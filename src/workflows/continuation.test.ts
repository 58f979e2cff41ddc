import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Driver, note, parallel, tool } from '../../test/support/machine-driver.js';
import type { RunInput } from '../definition/messages.js';
import type { WorkflowDefinition } from '../definition/types.js';
import { Continuation } from './continuation.js';

// Temporal's sandbox has no place in a unit test: here is what a run reads of its history.
const temporal = vi.hoisted(() => ({ events: 0, patches: true }));
vi.mock('@temporalio/workflow', () => ({
  workflowInfo: () => ({ historyLength: temporal.events, historySize: 0, continueAsNewSuggested: temporal.events > 4_096, taskQueue: 'q' }),
  patched: () => temporal.patches,
}));

beforeEach(() => {
  temporal.patches = true;
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
});
