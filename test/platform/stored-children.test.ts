import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/definition/json.js';
import { StoreWorkflows } from '../../src/worker/store-workflows.js';
import { sharedPlatform, type Platform } from './stage.js';
import { save } from './triggers.js';

const platform: () => Platform = sharedPlatform({
  worker: { workflows: { get: (...asked) => new StoreWorkflows(platform().store.workflows).get(...asked) } },
});

const saying = (id: string, output: string): JsonObject => ({ id, steps: [{ id: 'say', kind: { type: 'checkpoint', message: 'hi' } }], output });
const calling = (workflow_id: string, id = 'parent'): JsonObject => ({ id, steps: [{ id: 'part', kind: { type: 'workflow', workflow_id } }], output: '{steps.part}' });

/** A run of a document that runs a stored workflow, as this user. */
async function runOf(workflowId: string, as: string) {
  const { status, body } = await platform().send('POST', '/v1/runs', { as, body: { definition: calling(workflowId) } });
  expect(status).toBe(201);
  return platform().client.getRun(body.run_id);
}

async function publish(id: string): Promise<void> {
  await platform().store.workflows.update({ user: 'mallory', isAdmin: false }, id, { isPublic: true });
}

describe('a workflow step that names a stored workflow', () => {
  it('by the id of its definition runs the one of the owner of the run, whoever publishes another one', async () => {
    const name = `greet-${randomUUID()}`;
    await save(platform(), saying(name, 'mine'));
    const foreign = await save(platform(), saying(name, 'of mallory'), 'mallory');
    await publish(foreign);
    expect((await (await runOf(name, 'ann')).result()).output).toBe('mine');
    await expect((await runOf(name, 'bob')).result()).rejects.toThrow(`There is no workflow '${name}'`);
    expect((await (await runOf(foreign, 'bob')).result()).output).toBe('of mallory');
  });

  it('starts a run of that workflow, which its owner and editors see and find', async () => {
    const name = `seen-${randomUUID()}`;
    const id = await save(platform(), saying(name, 'seen'));
    await platform().store.shares.share({ user: 'ann', isAdmin: false }, id, 'ed', 'edit');
    const run = await runOf(name, 'ann');
    await run.result();
    const child = `${run.id}/part`;
    const path = `/v1/runs/${encodeURIComponent(child)}`;
    expect(await platform().send('GET', path, { as: 'ed' })).toMatchObject({ status: 200, body: { workflow_id: id, version: 1, parent_run_id: run.id } });
    expect((await platform().send('GET', path, { as: 'bob' })).status).toBe(404);
    await expect.poll(async () => (await platform().send('GET', `/v1/runs?workflow_id=${id}`, { as: 'ann' })).body.items, { timeout: 60_000 }).toMatchObject([{ run_id: child, workflow_id: id, version: 1 }]);
  });

  it('that runs it is a circle, by whatever id', async () => {
    const [one, other] = [`circle-${randomUUID()}`, `circle-${randomUUID()}`];
    const id = await save(platform(), calling(other, one));
    await save(platform(), calling(one, other));
    const { body } = await platform().send('POST', `/v1/workflows/${id}/run`, { as: 'ann' });
    await expect(platform().client.getRun(body.run_id).result()).rejects.toThrow('in a circle');
  });
});
