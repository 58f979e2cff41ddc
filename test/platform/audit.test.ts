import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { echo, save } from './triggers.js';
import { sharedPlatform } from './stage.js';
import { makeWorld } from './world.js';

const platform = sharedPlatform({ worker: {} });

/** Who did what to a run, newest first. */
const of = async (runId: string): Promise<unknown[]> =>
  (await platform().send('GET', `/v1/audit?target=${encodeURIComponent(`run:${runId}`)}`)).body.items.map(({ actor, action, detail }: { actor: string; action: string; detail: unknown }) => [actor, action, detail]);

it('tells admins who did what to what, newest first, by pages', async () => {
  const id = await save(platform(), echo([]), 'ann');
  await platform().send('PATCH', `/v1/workflows/${id}`, { as: 'ann', body: { name: 'Renamed' } });
  await platform().send('DELETE', `/v1/workflows/${id}`, { as: 'root:admin' });
  await save(platform(), echo([]), 'bob');
  const list = async (query: string) => (await platform().send('GET', `/v1/audit?${query}`, { as: 'root:admin' })).body;
  const target = encodeURIComponent(`workflow:${id}`);
  const { items } = await list(`target=${target}`);
  expect(items).toEqual([
    { id: expect.any(Number), at: expect.any(String), actor: 'root', action: 'workflow.delete', target: `workflow:${id}`, detail: expect.any(Object) },
    expect.objectContaining({ actor: 'ann', action: 'workflow.update' }),
    expect.objectContaining({ actor: 'ann', action: 'workflow.create' }),
  ]);
  const first = await list(`target=${target}&limit=2`);
  const second = await list(`target=${target}&limit=2&cursor=${first.next_cursor}`);
  expect([...first.items, ...second.items]).toEqual(items);
  expect(second.next_cursor).toBeUndefined();
  expect((await list(`target=${target}&actor=ann`)).items).toEqual(items.slice(1));
  expect((await list('actor=nobody')).items).toEqual([]);
  for (const query of ['cursor=x', 'cursor=WzFlMzA5XQ', 'actor=%00', 'limit=0']) expect((await platform().send('GET', `/v1/audit?${query}`)).status, query).toBe(400);
});

it('tells what was done to a run', async () => {
  const { runId, owner, workflowId } = await makeWorld(platform());
  const operate = async (operation: string, body?: object) => expect((await platform().send('POST', `/v1/runs/${runId}/${operation}`, { as: owner, body })).status, operation).toBeLessThan(300);
  await operate('pause');
  await operate('resume');
  await operate('migrate?preview=true', { version: 1 });
  await operate('migrate', { version: 1 });
  await operate('answer', { step_id: 'ask', value: { go: true } });
  const other = await makeWorld(platform(), owner);
  await platform().send('POST', `/v1/runs/${other.runId}/cancel`, { as: 'root:admin', body: { reason: 'enough' } });
  expect(await of(runId)).toEqual([
    [owner, 'run.answer', { step_id: 'ask' }],
    [owner, 'run.migrate', { version: 1 }],
    [owner, 'run.resume', undefined],
    [owner, 'run.pause', undefined],
    [owner, 'run.start', { workflow_id: workflowId, version: 1 }],
  ]);
  expect((await of(other.runId))[0]).toEqual(['root', 'run.cancel', { reason: 'enough' }]);
});

it('tells who started a run and who ran it again, once', async () => {
  const headers = { 'idempotency-key': randomUUID() };
  const start = async () => (await platform().send('POST', '/v1/runs', { as: 'ann', body: { definition: { id: 'said', ...echo([]) } }, headers })).body.run_id as string;
  const runId = await start();
  expect(await start()).toBe(runId);
  await platform().client.getRun(runId).result();
  const rerun = (query: string) => platform().send('POST', `/v1/runs/${runId}/rerun${query}`, { as: 'ann', body: { from: ['say'] }, headers: { 'idempotency-key': `again-${headers['idempotency-key']}` } });
  await rerun('?preview=true');
  const { body } = await rerun('');
  expect((await rerun('')).body.run_id).toBe(body.run_id);
  expect(await of(runId)).toEqual([
    ['ann', 'run.rerun', { run_id: body.run_id }],
    ['ann', 'run.start', { workflow_id: 'said' }],
  ]);
});

it('has every change of the store or the change is not made, and stops nothing that is done on Temporal', async () => {
  const { runId, owner, triggerId, skill } = await makeWorld(platform());
  const ask = async (method: string, path: string, body?: object) => (await platform().send(method, path, { as: owner, body })).status;
  const tokens = async () => (await platform().send('GET', '/v1/tokens', { as: owner })).body.items.length;
  const { db } = platform().store.database;
  const before = await tokens();
  await db.execute('alter table audit_log rename to audit_log_away');
  const refused = [
    await ask('PUT', '/v1/connections/acme:late', {}),
    await ask('DELETE', `/v1/connections/${skill}`),
    await ask('POST', '/v1/tokens', { name: 'late', scopes: ['tokens'] }),
  ];
  const done = [
    await ask('POST', `/v1/triggers/${triggerId}/run`),
    await ask('POST', `/v1/triggers/${triggerId}/pause`),
    await ask('POST', `/v1/runs/${runId}/pause`),
    await ask('POST', '/v1/runs', { definition: { id: 'said', ...echo([]) } }),
  ];
  await platform().app.deeds.flush();
  await db.execute('alter table audit_log_away rename to audit_log');
  expect([refused, done]).toEqual([[500, 500, 500], [202, 200, 204, 201]]);
  expect([await ask('GET', '/v1/connections/acme:late'), await ask('GET', `/v1/connections/${skill}`), await tokens()]).toEqual([404, 200, before]);
  expect(await ask('DELETE', `/v1/connections/${skill}`)).toBe(204);
  const { items } = await platform().store.audit.list({ actor: owner, limit: 1 });
  expect(items).toMatchObject([{ action: 'connection.delete', detail: { skill, owner } }]);
});

it('tells nothing to others', async () => {
  expect((await platform().send('GET', '/v1/audit', { as: null })).status).toBe(401);
  expect((await platform().send('GET', '/v1/audit', { as: 'ann' })).status).toBe(403);
});
