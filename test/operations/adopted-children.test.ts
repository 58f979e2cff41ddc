import { beforeEach, expect, test } from 'vitest';
import type { JsonObject, RunSnapshot } from '../../src/client/index.js';
import { defineTool } from '../../src/worker/define-tool.js';
import { call } from '../client/documents.js';
import { eventually, isPaused, sharedStage, untilRun } from '../client/stage.js';

let called = false;
let release = (): void => undefined;
let gate = Promise.resolve();
const tools = [
  defineTool({ name: 'quick', execute: () => 1 }),
  defineTool({
    name: 'slow',
    execute: async () => {
      called = true;
      await gate;
      return 1;
    },
  }),
];
const stage = sharedStage({ tools });
beforeEach(() => {
  called = false;
  gate = new Promise((resolve) => {
    release = resolve;
  });
});

const ask = { id: 'ask', kind: { type: 'wait_for_input', message: 'Well?' } };
const chain = (prefix: string, length: number, ...behind: string[]): JsonObject[] =>
  Array.from({ length }, (_, n) => call(`${prefix}${n}`, 'quick', { execution: 'parallel', depends_on: n === 0 ? behind : [`${prefix}${n - 1}`] }));
const child = (...steps: JsonObject[]): JsonObject => ({ id: 'run', execution: 'parallel', kind: { type: 'workflow', definition: { id: 'child', steps } } });

/** Names of what happened in the last execution of a run: signals that came in, and activities that ended. */
async function happened(runId: string): Promise<string[]> {
  const { events = [] } = await stage.client.temporal.workflow.getHandle(runId).fetchHistory();
  return (events ?? []).flatMap((event) => {
    const { workflowExecutionSignaledEventAttributes: signal, activityTaskCompletedEventAttributes: ended } = event;
    return [signal?.signalName ?? [], ended ? 'activity completed' : []].flat();
  });
}
const executionOf = async (runId: string): Promise<string> => (await stage.client.temporal.workflow.getHandle(runId).describe()).runId;

/** How many events a run has that waits, once nothing more comes. */
async function restingLength(runId: string): Promise<number> {
  const look = async (): Promise<number> => (await stage.client.temporal.workflow.getHandle(runId).describe()).historyLength;
  let last = 0;
  return eventually(async () => {
    const before = last;
    last = await look();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    return last === before ? last : undefined;
  });
}

test('a child that continues as new after its parent has still tells it the end, and is not found out by a look at it only', async () => {
  const run = await stage.client.start({ id: 'adopts', steps: [child(ask, ...chain('c', 14, 'ask')), ...chain('p', 14)] }, { continueAfterEvents: 60 });
  await untilRun(run, isPaused);
  await eventually(async () => ((await happened(`${run.id}/run`)).includes('adopted') ? true : undefined));
  const before = await executionOf(`${run.id}/run`);
  await stage.client.getRun(`${run.id}/run`).answer('ask', 'yes');

  expect(await run.result()).toMatchObject({ status: 'completed', steps: { run: { status: 'done', result: 1 } } });
  expect(await executionOf(`${run.id}/run`)).not.toBe(before);
  expect(await happened(`${run.id}/run`)).not.toContain('adopted');
  expect(await happened(run.id)).toContain('childEnded');
});

test('a child that continues as new at the moment of its answer does not seem to wait any more', async () => {
  const document = { id: 'seems', steps: [child(call('one', 'quick'), call('two', 'quick'), call('three', 'quick'), ask, call('held', 'slow'))] };
  const start = async (continueAfterEvents?: number) => {
    const run = await stage.client.start(document, continueAfterEvents === undefined ? {} : { continueAfterEvents });
    await untilRun(run, isPaused);
    return { run, inner: stage.client.getRun(`${run.id}/run`), length: await restingLength(`${run.id}/run`) };
  };
  const { run: measured, length } = await start();
  await measured.cancel();

  // The workflow task of the answer has two events more than there are while the child waits.
  const { run, inner } = await start(length + 2);
  const before = await executionOf(inner.id);
  await inner.answer('ask', 'yes');
  await eventually(async () => (called ? true : undefined));
  expect(await executionOf(inner.id)).not.toBe(before);
  await untilRun(run, ({ status, steps }: RunSnapshot) => status === 'running' && steps['run']?.status === 'running');
  release();
  expect(await run.result()).toMatchObject({ status: 'completed' });
});
