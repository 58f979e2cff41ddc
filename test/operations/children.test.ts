import { expect, test } from 'vitest';
import type { JsonObject, Run } from '../../src/client/index.js';
import { eventually, sharedStage } from '../client/stage.js';

const stage = sharedStage({});
const ask = (id: string): JsonObject => ({ id, kind: { type: 'wait_for_input', message: 'Well?' } });
const note = (id: string, message: string): JsonObject => ({ id, kind: { type: 'checkpoint', message } });
const child = (id: string, steps: JsonObject[], more: JsonObject = {}): JsonObject => ({
  id,
  kind: { type: 'workflow', definition: { id: `inner-${id}`, steps } },
  ...more,
});

async function childOf(run: Run, stepId: string): Promise<Run> {
  const runId = await eventually(async () => (await run.snapshot()).steps[stepId]?.child?.run_id);
  return stage.client.getRun(runId);
}

test('a pause of the parent reaches its child, and so does its end', async () => {
  const run = await stage.client.start({ id: 'parent', steps: [child('run', [ask('ask'), note('end', 'said {steps.ask}')])] });
  const inner = await childOf(run, 'run');
  await eventually(async () => ((await inner.snapshot()).status === 'paused' ? true : undefined));
  await run.pause();
  await eventually(async () => ((await inner.snapshot()).paused?.by === 'parent' ? true : undefined));
  await inner.answer('ask', 'yes');
  expect((await inner.snapshot()).steps['end']).toMatchObject({ status: 'pending' });
  await run.resume();
  expect((await run.result()).output).toEqual({ message: 'said yes' });
});

test('what a child has done can be read without any worker, and names its parent', async () => {
  const run = await stage.client.start({ id: 'parent', steps: [child('run', [note('a', 'hello')])] });
  await run.result();
  const inner = await childOf(run, 'run');
  await stage.withoutWorker(async () => {
    const snapshot = await inner.snapshot();
    expect(snapshot).toMatchObject({ status: 'completed', parent_run_id: run.id, output: { message: 'hello' }, steps: { a: { status: 'done' } } });
    const events = [];
    for await (const event of inner.events()) events.push(event.event);
    expect(events).toEqual(['workflow_started', 'step_started', 'step_completed', 'workflow_completed']);
  });
});

test('a child that was terminated fails its step, also when its parent has continued as new meanwhile', async () => {
  for (const continueAfterEvents of [undefined, 5]) {
    const run = await stage.client.start(
      { id: 'parent', steps: [child('run', [ask('ask')])] },
      continueAfterEvents === undefined ? {} : { continueAfterEvents },
    );
    const inner = await childOf(run, 'run');
    await eventually(async () => ((await run.snapshot()).status === 'paused' ? true : undefined));
    await inner.terminate('by hand');
    const failed: unknown = await run.result().catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: 'RUN_FAILED', message: expect.stringContaining('it was terminated') as string });
  }
}, 120_000);

test('a run whose parent has continued as new tells it the end, and is found with its owner and its workflow', async () => {
  const run = await stage.client.start({ id: 'parent', steps: [child('run', [ask('ask')])] }, { owner: 'kim', continueAfterEvents: 5 });
  const inner = await childOf(run, 'run');
  await eventually(async () => ((await run.snapshot()).status === 'paused' ? true : undefined));
  await inner.answer('ask', 42);
  expect((await run.result()).output).toBe(42);
  const listed = await eventually(async () => {
    for await (const info of stage.client.listRuns({ workflowId: 'inner-run', status: 'completed' })) if (info.run_id === inner.id) return info;
    return undefined;
  });
  expect(listed).toMatchObject({ workflow_id: 'inner-run', owner: 'kim' });
});

test('each child of a fan-out is canceled with its parent, however soon after it was begun', async () => {
  const children = { ...child('run', [ask('ask')]), for_each: { items: Array.from({ length: 30 }, (_, n) => n) } };
  const run = await stage.client.start({ id: 'parent', steps: [children] });
  await run.cancel();
  await expect(run.result()).rejects.toThrow('canceled');
  const statuses = new Map<string, string>();
  await eventually(async () => {
    statuses.clear();
    for await (const { workflowId, status } of stage.client.temporal.workflow.list({ query: `WorkflowId STARTS_WITH '${run.id}/'` })) statuses.set(workflowId, status.name);
    return [...statuses.values()].includes('RUNNING') ? undefined : true;
  });
});
