import { beforeEach, expect, it, vi } from 'vitest';
import { Driver, tool } from '../../test/support/machine-driver.js';
import { Continuation } from './continuation.js';

const info = vi.hoisted(() => ({ historyLength: 0, historySize: 0, continueAsNewSuggested: true }));
vi.mock('@temporalio/workflow', () => ({ workflowInfo: () => info }));
beforeEach(() => Object.assign(info, { historyLength: 100, historySize: 25_000_000 }));

const afterResult = (bytes: number) => {
  const run = new Driver({ steps: [tool('each', { for_each: { items: [1, 2, 3], concurrency: 1 } })] }).begin();
  const continuation = new Continuation(run.machine, { definition: run.machine.plan.definition });
  expect(continuation.due()).toBeUndefined();
  run.machine.succeed(run.machine.named('each', 0)?.index ?? -1, { result: 'x'.repeat(bytes) });
  run.turn();
  return { run, continuation };
};

it('takes the run to the next execution once nothing is in flight', () => {
  const { run, continuation } = afterResult(10);
  expect(run.machine.running.size).toBe(0);
  expect(continuation.due()?.carried).toMatchObject({ fans: [{ next: 1, results: ['xxxxxxxxxx'] }] });
});

it('lets what it held back begin when the run is too large to be taken along', () => {
  const { run, continuation } = afterResult(2_000_000);
  expect(run.machine.running.size).toBe(0);
  expect(continuation.due()).toBeUndefined();
  expect(run.machine.takeStarts(1e6, 1e6, () => ({ bytes: 1, cost: 1 }))).toHaveLength(1);
});
