import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import type { JsonObject, Run } from '../../src/client/index.js';
import { openStore, type Store } from '../../src/store/index.js';
import { defineTool } from '../../src/worker/define-tool.js';
import { sharedPostgres } from '../support/postgres.js';
import { openPlatform, sharedPlatform, TEST_KEYS } from './stage.js';

/** Tells which connection a step was given. */
const whose = defineTool({
  name: 'whose',
  description: 'Whose connection the step has',
  input: z.object({}),
  execute: (_input, { connections }) => connections[0]?.env['WHO'] ?? null,
});

function needing(skill: string, more: JsonObject = {}): JsonObject {
  return { id: 'needing', steps: [{ id: 'ask', requires: [{ skill }], kind: { type: 'tool_call', tool_name: 'whose', input: {} } }], ...more };
}

async function isBlocked(run: Run): Promise<void> {
  await vi.waitFor(async () => expect(await run.snapshot()).toMatchObject({ status: 'blocked' }), { timeout: 60_000, interval: 200 });
}

const child: JsonObject = needing('acme:crm', { id: 'child' });
const calling: JsonObject = { id: 'calling', steps: [{ id: 'call', kind: { type: 'workflow', workflow_id: 'child' } }], output: { who: '{steps.call.who}' } };

describe('connections', () => {
  const platform = sharedPlatform({
    worker: {
      skills: ['native:tool'],
      tools: [whose],
      workflows: { get: async () => ({ ...child, output: { who: '{steps.ask.output}' } }) },
    },
  });
  const put = (skill: string, body: object, as = 'ann') => platform().send('PUT', `/v1/connections/${skill}`, { body, as });

  it('go in with their secrets, and come out without', async () => {
    const body = { provider: 'bearer', permissions: ['write', 'write'], env: { REGION: 'eu' }, secrets: { TOKEN: 'tk-0123456789' }, headers: { 'X-Team': 'secret-team' }, hosts: ['crm.example.com'], expires_at: '2999-01-01T00:00:00Z' };
    const { status, body: made } = await put('acme:secret', body);
    expect(status).toBe(200);
    expect(made).toMatchObject({
      skill: 'acme:secret',
      provider: 'bearer',
      owner: 'ann',
      shared: false,
      status: 'active',
      permissions: ['write'],
      env: { REGION: 'eu' },
      secrets: ['TOKEN'],
      headers: ['Authorization', 'X-Team'],
      hosts: ['crm.example.com'],
      expires_at: '2999-01-01T00:00:00.000Z',
      renews: false,
    });
    const seen = await platform().send('GET', '/v1/connections/acme:secret', { as: 'ann' });
    const all = await platform().send('GET', '/v1/connections', { as: 'ann' });
    expect(all.body.items).toContainEqual(seen.body);
    const audit = await platform().store.audit.list({ actor: 'ann', limit: 100 });
    const stored = JSON.stringify(await platform().store.database.db.execute('select * from connections'));
    for (const text of [seen.text, all.text, JSON.stringify(audit), stored]) expect(text).not.toMatch(/tk-0123|secret-team/);
    expect(audit.items).toContainEqual(expect.objectContaining({ action: 'connection.create', detail: { skill: 'acme:secret', provider: 'bearer', permissions: ['write'], owner: 'ann' } }));
    expect(await platform().connections.get('acme:secret', 'ann')).toMatchObject({
      secrets: { TOKEN: 'tk-0123456789' },
      headers: { Authorization: 'Bearer tk-0123456789', 'X-Team': 'secret-team' },
      expires_at: '2999-01-01T00:00:00.000Z',
    });
  });

  it('change their revision whenever they are put', async () => {
    const [one, two] = [await put('acme:twice', {}), await put('acme:twice', {})];
    expect(two.body.revision).not.toBe(one.body.revision);
    expect(two.body.created_at).toBe(one.body.created_at);
  });

  it.each([
    ['a bearer token without the token', { provider: 'bearer', hosts: ['h.example.com'] }, '$.secrets.TOKEN'],
    ['a password that is no secret', { provider: 'basic', env: { USERNAME: 'u', PASSWORD: 'p-0123456' }, hosts: ['h.example.com'] }, '$.secrets.PASSWORD'],
    ['headers for no host', { provider: 'bearer', secrets: { TOKEN: 'tk-0123456789' } }, '$.hosts'],
    ['a header that cannot be sent', { provider: 'bearer', secrets: { TOKEN: 'tk-\n0123456789' }, hosts: ['h.example.com'] }, 'Authorization'],
    ['a host that is none', { hosts: ['https://x.example.com/'] }, '$.hosts.0'],
    ['a NUL', { env: { A: 'a\0b' } }, '$.env.A'],
    ['a variable whose name is none', { env: { 'a b': 'x' } }, '$.env'],
    ['a field that does not exist', { secret: { A: 'x' } }, '$'],
  ])('refuse %s, and repeat no secret', async (_what, body, where) => {
    const { status, text } = await put('acme:refused', body);
    expect(status).toBe(400);
    expect(text).toContain(where);
    expect(text).not.toMatch(/0123456/);
    expect((await platform().send('GET', '/v1/connections/acme:refused', { as: 'ann' })).body.code).toBe('CONNECTION_NOT_FOUND');
  });

  it.each(['crm', 'a:b:c', ':b', 'native:shell', 'a%00:b'])('refuse the skill %s', async (skill) => {
    expect((await put(skill, {})).status).toBe(400);
  });

  it('of others are not there', async () => {
    await put('acme:mine', { env: { WHO: 'ann' } });
    for (const method of ['GET', 'DELETE']) {
      expect(await platform().send(method, '/v1/connections/acme:mine', { as: 'bob' })).toMatchObject({ status: 404, body: { code: 'CONNECTION_NOT_FOUND' } });
    }
    expect((await platform().send('GET', '/v1/connections', { as: 'bob' })).text).not.toContain('acme:mine');
    expect((await platform().send('GET', '/v1/connections?owner=ann', { as: 'bob' })).status).toBe(403);
    expect((await platform().send('GET', '/v1/connections/acme:mine?owner=ann')).body).toMatchObject({ owner: 'ann' });
    expect((await platform().send('DELETE', '/v1/connections/acme:mine?owner=ann')).status).toBe(204);
    expect((await platform().send('GET', '/v1/connections/acme:mine', { as: 'ann' })).status).toBe(404);
  });

  it('that everybody may use are made and removed by admins', async () => {
    expect((await put('acme:all', { shared: true })).body.code).toBe('FORBIDDEN');
    expect((await put('acme:all', { shared: true, env: { WHO: 'all' } }, 'root:admin')).body).toMatchObject({ shared: true });
    expect((await platform().send('GET', '/v1/connections/acme:all', { as: 'bob' })).body).toMatchObject({ shared: true, env: { WHO: 'all' } });
    expect((await platform().send('DELETE', '/v1/connections/acme:all?shared=true', { as: 'bob' })).status).toBe(403);
    expect((await platform().send('DELETE', '/v1/connections/acme:all', { as: 'bob' })).status).toBe(404);
    await put('acme:all', { env: { WHO: 'bob' } }, 'bob');
    expect(await platform().connections.get('acme:all', 'bob')).toMatchObject({ env: { WHO: 'bob' } });
    expect(await platform().connections.get('acme:all', 'ann')).toMatchObject({ env: { WHO: 'all' } });
    expect(await platform().connections.get('acme:all')).toMatchObject({ env: { WHO: 'all' } });
    expect((await platform().send('GET', '/v1/connections', { as: 'bob' })).body.items.filter((item: { skill: string }) => item.skill === 'acme:all')).toMatchObject([{ shared: false }, { shared: true }]);
    // What an admin removes twice, or of somebody who has none, is not everybody's.
    await put('acme:all', {}, 'root:admin');
    const remove = async (query = '') => (await platform().send('DELETE', `/v1/connections/acme:all${query}`, { as: 'root:admin' })).status;
    expect([await remove(), await remove(), await remove('?owner=carl'), await remove('?shared=false')]).toEqual([204, 404, 404, 404]);
    expect(await platform().connections.get('acme:all')).toMatchObject({ env: { WHO: 'all' } });
    expect([await remove('?shared=true'), await remove('?shared=true')]).toEqual([204, 404]);
    expect(await platform().connections.get('acme:all')).toBeUndefined();
    expect(await platform().connections.get('acme:all', 'bob')).toMatchObject({ env: { WHO: 'bob' } });
  });

  it('need the scopes to read and to write them', async () => {
    expect((await put('acme:x', {}, 'ann:connections:read')).status).toBe(403);
    expect((await platform().send('GET', '/v1/connections', { as: 'ann:connections:write' })).status).toBe(403);
    expect((await platform().send('GET', '/v1/providers', { as: 'ann:runs:read' })).status).toBe(403);
  });

  it('are listed page by page', async () => {
    for (const name of ['a', 'b', 'c']) await put(`page:${name}`, {}, 'paul');
    const first = await platform().send('GET', '/v1/connections?limit=2', { as: 'paul' });
    const second = await platform().send('GET', `/v1/connections?limit=2&cursor=${first.body.next_cursor}`, { as: 'paul' });
    expect([...first.body.items, ...second.body.items].map(({ skill }) => skill)).toEqual(['page:a', 'page:b', 'page:c']);
    expect(second.body).not.toHaveProperty('next_cursor');
    expect((await platform().send('GET', '/v1/connections?cursor=xyz', { as: 'paul' })).body.code).toBe('BAD_REQUEST');
  });

  it('are of services that the server describes', async () => {
    const { body } = await platform().send('GET', '/v1/providers', { as: 'ann' });
    expect(body.items.map(({ id }: { id: string }) => id)).toEqual(['api_key', 'basic', 'bearer', 'custom', 'github', 'google', 'microsoft', 'notion', 'oauth2', 'slack']);
    expect(body.items[5]).toMatchObject({ title: 'Google', kind: 'oauth2', ready: false, permissions: expect.arrayContaining(['drive.readonly']) as unknown });
    expect((await put('acme:x', { provider: 'nobody' })).body.code).toBe('PROVIDER_NOT_FOUND');
    await put('github:issues', { secrets: { GITHUB_TOKEN: 'ghp_0123456789' } });
    expect(await platform().connections.get('github:issues', 'ann')).toMatchObject({ headers: { Authorization: 'Bearer ghp_0123456789' }, hosts: ['api.github.com', 'uploads.github.com'] });
  });

  it('of a run are its owner’s, in children and reruns too, and nobody else’s', async () => {
    await put('acme:crm', { env: { WHO: 'bob' } }, 'bob');
    const blocked = [
      await platform().client.start(needing('acme:crm'), { owner: 'ann' }),
      await platform().client.start(needing('acme:crm')),
      await platform().client.start(calling, { owner: 'ann' }),
    ];
    const bobs = await platform().client.start(calling, { owner: 'bob', continueAfterEvents: 4 });
    expect((await bobs.result()).output).toEqual({ who: 'bob' });
    for (const run of blocked) await isBlocked(run);
    await put('acme:crm', { env: { WHO: 'ann' } }, 'ann');
    expect((await blocked[0]?.result())?.output).toEqual({ output: 'ann' });
    expect((await blocked[2]?.result())?.output).toEqual({ who: 'ann' });
    const again = await platform().client.rerun(bobs.id, { from: ['call'], owner: 'ann' });
    expect((await again.result()).output).toEqual({ who: 'ann' });
    expect(await blocked[1]?.snapshot()).toMatchObject({ status: 'blocked' });
    await put('acme:crm', { env: { WHO: 'all' }, shared: true }, 'root:admin');
    expect((await blocked[1]?.result())?.output).toEqual({ output: 'all' });
  });
});

describe('connections on a server without login', () => {
  const platform = sharedPlatform({ authentication: { mode: 'local' } });

  it('are everybody’s unless it is said otherwise, so that runs without an owner find them', async () => {
    expect((await platform().send('PUT', '/v1/connections/acme:crm', { body: { env: { WHO: 'all' } } })).body.shared).toBe(true);
    expect(await platform().connections.get('acme:crm')).toMatchObject({ env: { WHO: 'all' } });
    expect((await platform().send('PUT', '/v1/connections/acme:own', { body: { shared: false } })).body).toMatchObject({ shared: false, owner: 'local' });
    expect((await platform().send('DELETE', '/v1/connections/acme:crm')).status).toBe(204);
  });
});

describe('the keys of secrets', () => {
  const postgres = sharedPostgres();
  const newer = { id: 'newer', key: Buffer.alloc(32, 9).toString('base64') };
  const custom = { owner: 'ann', skill: 'a:b', provider: 'custom', permissions: [], env: {}, hosts: [], credentials: { secrets: {}, headers: {} } };
  /** How many statements wait for a lock of another one. */
  const lockedOut = async ({ database }: Store): Promise<number> => {
    const { rows } = (await database.db.execute("select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")) as { rows: unknown[] };
    return rows.length;
  };

  it('are changed while everything runs, after which the old one is not needed', async () => {
    const url = await postgres().create('rotated');
    const platform = await openPlatform({ database: { url } });
    for (const name of ['a', 'b']) await platform.send('PUT', `/v1/connections/acme:${name}`, { body: { secrets: { PIN: `pin-${name}` } }, as: 'ann' });
    const both = await openStore({ url, secretKeys: [newer, ...TEST_KEYS] });
    expect([await both.rotateKeys(), await both.rotateKeys()]).toEqual([{ changed: 2, left: 0 }, { changed: 0, left: 0 }]);
    const only = await openStore({ url, secretKeys: [newer] });
    const row = await only.connections.find('acme:b', 'ann');
    expect(row && only.connections.open(row)).toEqual({ secrets: { PIN: 'pin-b' }, headers: {} });
    // Who has only the old key sees that they are there, and that they cannot be used here.
    expect((await platform.send('GET', '/v1/connections', { as: 'ann' })).body.items[0]).toMatchObject({ status: 'broken', problem: expect.stringContaining("the key 'newer'") as string });
    await Promise.all([both.close(), only.close()]);
    await platform.close();
  });

  it('are changed also where a process with the old one in front writes meanwhile', async () => {
    const url = await postgres().create('rotated_meanwhile');
    const old = await openStore({ url, migrate: true, secretKeys: TEST_KEYS });
    const both = await openStore({ url, secretKeys: [newer, ...TEST_KEYS] });
    const { id } = await old.connections.put(custom);
    const rotating = await old.connections.locked(id, async ({ renew }) => {
      const rotation = both.rotateKeys();
      await vi.waitFor(async () => expect(await lockedOut(old)).toBe(1), { timeout: 60_000, interval: 20 });
      await renew({ secrets: { PIN: 'renewed' }, headers: {} }, undefined);
      return { rotation };
    });
    expect(await rotating?.rotation).toEqual({ changed: 1, left: 0 });
    const row = await both.connections.find('a:b', 'ann');
    expect(row?.sealed).toMatch(/^v1\.newer\./);
    await Promise.all([old.close(), both.close()]);
  });

  it('that are lost keep only their own secrets from being changed', async () => {
    const url = await postgres().create('rotated_lost');
    const lost = await openStore({ url, migrate: true, secretKeys: [{ id: 'lost', key: Buffer.alloc(32, 3).toString('base64') }] });
    await lost.connections.put(custom);
    const [old, both] = await Promise.all([openStore({ url, secretKeys: TEST_KEYS }), openStore({ url, secretKeys: [newer, ...TEST_KEYS] })]);
    await old.connections.put({ ...custom, skill: 'a:c' });
    await expect(both.rotateKeys()).rejects.toMatchObject({ code: 'BAD_SECRET_KEY', message: expect.stringContaining("'lost'") as string });
    expect((await both.connections.find('a:c', 'ann'))?.sealed).toMatch(/^v1\.newer\./);
    await Promise.all([lost, old, both].map((store) => store.close()));
  });

  it('are missed when there are none', async () => {
    const store = await openStore({ folder: undefined, migrate: true });
    await expect(store.connections.put(custom)).rejects.toMatchObject({ code: 'BAD_SECRET_KEY' });
    await store.close();
  });
});
