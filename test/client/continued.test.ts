import { fileURLToPath } from 'node:url';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { review } from './documents.js';
import { collect, eventually, openStage, type Stage } from './stage.js';

let stage: Stage;
let worker: Worker;
let running: Promise<void>;
beforeAll(async () => {
  stage = await openStage();
  worker = await Worker.create({
    connection: await NativeConnection.connect({ address: stage.server.address }),
    taskQueue: 'distri',
    workflowsPath: fileURLToPath(new URL('./continued-workflow.ts', import.meta.url)),
    activities: { tool_call: async () => ({ result: 7 }) },
  });
  running = worker.run();
});
afterAll(async () => {
  worker?.shutdown();
  await running;
  await stage?.close();
});

async function startAndContinue() {
  const run = await stage.client.start(review);
  const reading = collect(run.events());
  const handle = stage.client.temporal.workflow.getHandle(run.id);
  await handle.signal('go');
  await eventually(async () => ((await run.describe()).temporal_run_id === run.temporalRunId ? undefined : true));
  return { run, reading, handle };
}

test('a run that continues as new is one run to its readers', async () => {
  const { run, reading, handle } = await startAndContinue();
  const late = collect(run.events({ after: 1 }));
  await handle.signal('go');
  expect((await run.result()).status).toBe('completed');
  expect((await reading).map((event) => event.event)).toEqual(['workflow_started', 'step_completed', 'workflow_completed']);
  expect(await late).toEqual((await reading).slice(1));
  expect((await run.snapshot()).temporal_run_id).not.toBe(run.temporalRunId);
});

test('what history alone tells is told from the first execution on', async () => {
  const { run, reading } = await startAndContinue();
  await run.terminate('enough');
  expect(await run.snapshot()).toMatchObject({
    status: 'failed',
    workflow_id: 'review',
    steps: { draft: { status: 'done', result: 7 }, approve: { status: 'pending' } },
  });
  expect((await reading).at(-1)).toMatchObject({ event: 'workflow_completed', status: 'failed', steps_done: 1 });
});
