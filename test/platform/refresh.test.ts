import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import type { Run } from '../../src/client/index.js';
import { findFreePort } from '../../src/cli/find-port.js';
import { OAuthClient } from '../../src/connections/oauth.js';
import { loadProviders } from '../../src/connections/providers.js';
import { StoreConnections } from '../../src/connections/store-connections.js';
import type { ConnectionRow, Credentials } from '../../src/store/connections.js';
import { openStore, type Store } from '../../src/store/index.js';
import { StepFailure } from '../../src/kinds/failure.js';
import { defineTool } from '../../src/worker/define-tool.js';
import { Browser, OAuthServer } from '../support/oauth-server.js';
import { sharedPostgres } from '../support/postgres.js';
import { openPlatform, TEST_KEYS, type Platform } from './stage.js';

const postgres = sharedPostgres();
let oauth: OAuthServer;
let platform: Platform;
/** Workers' views of the same database, each with a pool of its own. */
let stores: Store[];
let sources: StoreConnections[];

/** Authorization that `guarded` does not let in, and the status that it answers. */
const rejecting = { all: false, headers: new Set<string>(), status: 401 };
const guarded = defineTool({
  name: 'guarded',
  description: 'Lets in who is not rejected',
  input: z.object({}),
  execute: (_input, { connections: [connection] }) => {
    const { skill, revision, headers } = connection ?? expect.fail('no connection');
    if (!rejecting.all && !rejecting.headers.has(headers['Authorization'] ?? '')) return 'let in';
    throw new StepFailure('CONNECTION_REJECTED', `HTTP ${rejecting.status}`, { details: { skill, revision, status: rejecting.status } });
  },
});
const nothing = defineTool({ name: 'nothing', description: 'Gives nothing', input: z.object({}), execute: () => 'went on' });

beforeAll(async () => {
  const url = await postgres().create('refresh');
  const port = await findFreePort();
  const publicUrl = `http://127.0.0.1:${port}`;
  oauth = await OAuthServer.start({ redirectUris: [`${publicUrl}/v1/connections/callback`] });
  platform = await openPlatform({ database: { url }, port, settings: { publicUrl }, providers: oauth, worker: { skills: ['native:tool'], tools: [nothing, guarded] } });
  stores = await Promise.all([1, 2, 3].map(() => openStore({ url, secretKeys: TEST_KEYS })));
  const providers = await loadProviders(oauth.environment, oauth.folder);
  sources = stores.map(({ connections }) => new StoreConnections({ connections, oauth: new OAuthClient(providers) }));
});
afterAll(async () => {
  await Promise.all((stores ?? []).map((store) => store.close()));
  await platform?.close();
  await oauth?.close();
});
beforeEach(() => {
  oauth.outage = undefined;
  oauth.delayMs = 0;
});

async function connect(skill: string): Promise<ConnectionRow> {
  const { body } = await platform.send('GET', `/v1/connections/${skill}/authorize`, { as: 'ann', headers: { accept: 'application/json' } });
  const end = await new Browser().consent(body.url);
  expect(end.status).toBe(200);
  return rowOf(skill);
}

async function rowOf(skill: string): Promise<ConnectionRow> {
  const row = await platform.store.connections.find(skill, 'ann');
  if (row === undefined) throw new Error(`no connection ${skill}`);
  return row;
}

/** Lets its token end that many seconds from now, and changes its credentials. */
async function age(skill: string, secs: number, change: (credentials: Credentials) => Credentials = (same) => same): Promise<void> {
  await platform.store.connections.locked((await rowOf(skill)).id, async ({ row, renew }) => renew(change(platform.store.connections.open(row)), new Date(Date.now() + secs * 1000)));
}

const refreshes = () => oauth.granted.filter((type) => type === 'refresh_token').length;
const tokenOf = async (skill: string, source = sources[0]) => (await source?.get(skill, 'ann'))?.secrets['FILES_TOKEN'];

describe('a token that is about to end', () => {
  it('is renewed once, however many workers want it at the same time', async () => {
    const skill = 'files:busy';
    await connect(skill);
    const before = await tokenOf(skill);
    await age(skill, 30);
    const { revision } = await rowOf(skill);
    oauth.delayMs = 300;
    const count = refreshes();
    const tokens = await Promise.all(Array.from({ length: 24 }, (_, index) => tokenOf(skill, sources[index % sources.length])));
    expect(refreshes()).toBe(count + 1);
    expect(new Set(tokens).size).toBe(1);
    expect(tokens[0]).not.toBe(before);
    const row = await rowOf(skill);
    expect(row.revision).not.toBe(revision);
    expect((row.expiresAt?.getTime() ?? 0) - Date.now()).toBeGreaterThan(3_000_000);
  });

  it('is renewed again the next time, with the refresh token that came with it', async () => {
    const skill = 'files:again';
    await connect(skill);
    const seen = new Set<string | undefined>();
    for (let round = 0; round < 3; round += 1) {
      await age(skill, -5);
      seen.add(await tokenOf(skill));
    }
    expect(seen.size).toBe(3);
    expect(seen).not.toContain(undefined);
  });

  it('is left alone while it lasts longer than a minute', async () => {
    const skill = 'files:fresh';
    await connect(skill);
    await age(skill, 90);
    const count = refreshes();
    expect(await tokenOf(skill)).toBeDefined();
    expect(refreshes()).toBe(count);
  });
});

describe('a token whose end nobody told', () => {
  /** Connects with such a token, which has been there for a while. */
  async function connectLong(skill: string): Promise<ConnectionRow> {
    const { id } = await connect(skill);
    await platform.store.connections.locked(id, async ({ row, renew }) => renew(platform.store.connections.open(row), undefined));
    await platform.store.database.db.execute(sql`update connections set updated_at = now() - interval '2 minutes' where skill = ${skill}`);
    return rowOf(skill);
  }

  const callGuarded = (skill: string) =>
    platform.client.start({ id: 'guarded', steps: [{ id: 'use', requires: [{ skill }], kind: { type: 'tool_call', tool_name: 'guarded', input: {} } }] }, { owner: 'ann' });
  const isBlocked = (run: Run) => vi.waitFor(async () => expect(await run.snapshot()).toMatchObject({ status: 'blocked' }), { timeout: 60_000, interval: 200 });

  beforeEach(() => {
    Object.assign(rejecting, { all: false, headers: new Set(), status: 401 });
  });

  it('is renewed once when a service rejects it, and the step goes on', async () => {
    const skill = 'files:long';
    const row = await connectLong(skill);
    expect(row.expiresAt).toBeNull();
    rejecting.headers.add(platform.store.connections.open(row).headers['Authorization'] ?? '');
    const count = refreshes();
    expect((await (await callGuarded(skill)).result()).output).toEqual({ output: 'let in' });
    expect(refreshes()).toBe(count + 1);
  });

  it('is not renewed again and again by a service that rejects every one', async () => {
    const skill = 'files:never';
    await connectLong(skill);
    rejecting.all = true;
    const count = refreshes();
    const run = await callGuarded(skill);
    await isBlocked(run);
    expect((await run.snapshot()).steps['use']).toMatchObject({ status: 'blocked' });
    expect(refreshes()).toBe(count + 1);
    await run.terminate();
  });

  it('is not renewed by a service that knows the account and forbids it', async () => {
    const skill = 'files:forbidden';
    await connectLong(skill);
    Object.assign(rejecting, { all: true, status: 403 });
    const count = refreshes();
    const run = await callGuarded(skill);
    await isBlocked(run);
    expect(refreshes()).toBe(count);
    await run.terminate();
  });

  it('stays as it is when it was replaced meanwhile, or cannot be renewed', async () => {
    const skill = 'files:other';
    const { id, revision } = await connectLong(skill);
    await sources[0]?.rejected(skill, 'another revision', 'ann');
    await sources[0]?.rejected('files:none', revision, 'ann');
    expect((await rowOf(skill)).expiresAt).toBeNull();
    await platform.store.connections.locked(id, async ({ row, renew }) => {
      const { secrets, headers } = platform.store.connections.open(row);
      return renew({ secrets, headers }, undefined);
    });
    await platform.store.database.db.execute(sql`update connections set updated_at = now() - interval '2 minutes' where skill = ${skill}`);
    await sources[0]?.rejected(skill, (await rowOf(skill)).revision, 'ann');
    expect((await rowOf(skill)).expiresAt).toBeNull();
  });
});

describe('a renewal that goes wrong', () => {
  it('because its provider hangs leaves the database to others', async () => {
    const skills = Array.from({ length: 12 }, (_, index) => `files:hangs-${index}`);
    for (const skill of skills) {
      await connect(skill);
      await age(skill, -5);
    }
    const release = oauth.hold();
    const renewing = Promise.all(skills.map((skill) => tokenOf(skill)));
    await vi.waitFor(() => expect(oauth.waiting).toBe(3), { timeout: 60_000, interval: 10 });
    await stores[0]?.database.ping();
    expect(oauth.waiting).toBe(3);
    release();
    expect(new Set(await renewing).size).toBe(12);
  });

  it('by an outage of the provider leaves the token in use for as long as it lasts', async () => {
    const skill = 'files:outage';
    await connect(skill);
    const before = await tokenOf(skill);
    await age(skill, 30);
    oauth.outage = 503;
    expect(await tokenOf(skill)).toBe(before);
    await age(skill, -1);
    await expect(sources[0]?.get(skill, 'ann')).rejects.toMatchObject({ code: 'PROVIDER_FAILED' });
    expect(await rowOf(skill)).toMatchObject({ status: 'active' });
    oauth.outage = undefined;
    expect(await tokenOf(skill)).not.toBe(before);
  });

  it('by a refusal breaks the connection: its steps are blocked, not failed, until it is made anew', async () => {
    const skill = 'files:broken';
    await connect(skill);
    await age(skill, 30, (credentials) => ({ ...credentials, refreshToken: 'no-longer-good' }));
    const count = refreshes();
    const run = await platform.client.start({ id: 'needs', steps: [{ id: 'use', requires: [{ skill }], kind: { type: 'tool_call', tool_name: 'nothing', input: {} } }] }, { owner: 'ann' });
    await vi.waitFor(async () => expect(await run.snapshot()).toMatchObject({ status: 'blocked', missing: [skill] }), { timeout: 60_000, interval: 200 });
    expect(await Promise.all(sources.map((source) => source.get(skill, 'ann')))).toEqual([undefined, undefined, undefined]);
    expect(refreshes()).toBe(count);
    const { body } = await platform.send('GET', `/v1/connections/${skill}`, { as: 'ann' });
    expect(body).toMatchObject({ status: 'broken', problem: expect.stringContaining('Files no longer accepts it') as string });
    const { items } = await platform.store.audit.list({ actor: 'system', limit: 10 });
    expect(items).toEqual([expect.objectContaining({ action: 'connection.break', detail: { skill, owner: 'ann' } })]);
    await connect(skill);
    expect((await run.result()).output).toEqual({ output: 'went on' });
  });

  it('by a crash in its middle leaves the connection as it was', async () => {
    const skill = 'files:crash';
    await connect(skill);
    const before = await rowOf(skill);
    await expect(platform.store.connections.locked(before.id, async ({ breakIt }) => {
      await breakIt('half-way');
      throw new Error('crash');
    })).rejects.toThrow('crash');
    expect(await rowOf(skill)).toEqual(before);
  });
});
