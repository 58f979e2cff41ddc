import { expect, it } from 'vitest';
import { echo, save } from './triggers.js';
import { sharedPlatform } from './stage.js';
import { makeWorld } from './world.js';

const platform = sharedPlatform({ worker: {} });

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
  const { runId, owner } = await makeWorld(platform());
  const operate = async (operation: string, body?: object) => expect((await platform().send('POST', `/v1/runs/${runId}/${operation}`, { as: owner, body })).status, operation).toBeLessThan(300);
  await operate('pause');
  await operate('resume');
  await operate('migrate?preview=true', { version: 1 });
  await operate('migrate', { version: 1 });
  await operate('answer', { step_id: 'ask', value: { go: true } });
  const other = await makeWorld(platform(), owner);
  await platform().send('POST', `/v1/runs/${other.runId}/cancel`, { as: 'root:admin', body: { reason: 'enough' } });
  const of = async (id: string) => (await platform().send('GET', `/v1/audit?target=${encodeURIComponent(`run:${id}`)}`)).body.items.map(({ actor, action, detail }: { actor: string; action: string; detail: unknown }) => [actor, action, detail]);
  expect(await of(runId)).toEqual([
    [owner, 'run.answer', { step_id: 'ask' }],
    [owner, 'run.migrate', { version: 1 }],
    [owner, 'run.resume', undefined],
    [owner, 'run.pause', undefined],
  ]);
  expect(await of(other.runId)).toEqual([['root', 'run.cancel', { reason: 'enough' }]]);
});

it('tells nothing to others', async () => {
  expect((await platform().send('GET', '/v1/audit', { as: null })).status).toBe(401);
  expect((await platform().send('GET', '/v1/audit', { as: 'ann' })).status).toBe(403);
});
