import { expect, test } from 'vitest';
import type { JsonObject } from '../../src/client/index.js';
import { eventually, isPaused, sharedStage, untilRun } from '../client/stage.js';

const wait = (message: string): JsonObject => ({ id: 'ask', kind: { type: 'wait_for_input', message, schema: { type: 'object' } } });
const say: JsonObject = { id: 'say', depends_on: ['ask'], kind: { type: 'checkpoint', message: 'Hello, {input.name}: {steps.ask.ok}' } };
const greet: JsonObject = { id: 'greet', version: 3, steps: [wait('Well?'), say], output: '{steps.say.message}' };
const parent: JsonObject = {
  id: 'parent',
  steps: [{ id: 'part', kind: { type: 'workflow', workflow_id: 'greet', input: { name: 'Ada' } } }],
};

const stage = sharedStage({ workflows: { get: async (id) => (id === 'greet' ? greet : undefined) } });

/** A run and its child, by id, that waits. */
async function pausedChild() {
  const run = await stage.client.start(parent);
  await untilRun(run, isPaused);
  return { run, child: stage.client.getRun(`${run.id}/part`) };
}

test('a child that was started by the id of its workflow is run again, as a run of its own', async () => {
  const { run, child } = await pausedChild();
  await child.answer('ask', { ok: 1 });
  await run.result();
  const again = await stage.client.rerun(child.id, { from: ['say'], input: { name: 'Grace' } });
  const { output, parent_run_id } = await again.result();
  expect([output, parent_run_id]).toEqual(['Hello, Grace: 1', undefined]);
});

test('a child that was started by the id of its workflow moves to another definition, and its parent gets the output', async () => {
  const { run, child } = await pausedChild();
  const outcome = await child.migrate({ steps: [wait('Sure?'), say], output: 'new' });
  expect(outcome.plan.verdict).toBe('compatible');
  await eventually(async () => ((await child.snapshot()).steps['ask']?.message === 'Sure?' ? true : undefined));
  await child.answer('ask', { ok: 1 });
  expect((await run.result()).output).toBe('new');
});

test('a child that was terminated still shows its workflow, its steps and its parent; its parent fails', async () => {
  const { run, child } = await pausedChild();
  await child.terminate('gone');
  await expect(run.result()).rejects.toThrow("Step 'part' failed: Run ");
  const snapshot = await child.snapshot();
  expect(snapshot).toMatchObject({ workflow_id: 'greet', version: 3, parent_run_id: run.id, status: 'failed', error: 'terminated: gone' });
  expect(Object.keys(snapshot.steps)).toEqual(['ask', 'say']);
});

test('the plan of a migration counts a step as running whose children all wait, as the run does', async () => {
  const { run } = await pausedChild();
  const other = { steps: [{ id: 'part', kind: { type: 'checkpoint', message: 'something else' } }] };
  const { plan } = await run.migrate(other, { dryRun: true });
  expect(plan.verdict).toBe('refused');
  await expect(run.migrate(other)).rejects.toMatchObject({ code: 'MIGRATION_REFUSED' });
});

test('a child that was named by its id alone is found by its version', async () => {
  const { run, child } = await pausedChild();
  const listed = await eventually(async () => {
    for await (const info of stage.client.listRuns({ workflowId: 'greet', version: 3, open: true })) if (info.run_id === child.id) return info;
    return undefined;
  });
  expect(listed).toMatchObject({ workflow_id: 'greet', version: 3 });
  await run.cancel();
});
