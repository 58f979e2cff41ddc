import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { findFreePort } from '../../src/cli/find-port.js';
import { defineTool } from '../../src/worker/define-tool.js';
import { Browser, OAuthServer } from '../support/oauth-server.js';
import { openPlatform, type Platform } from './stage.js';

let oauth: OAuthServer;
let platform: Platform;

/** Shows what a step can use, with the secret itself replaced by whether it is one. */
const shape = defineTool({
  name: 'shape',
  description: 'What the connection of the step looks like',
  input: z.object({}),
  execute: (_input, { connections }) => ({ hosts: connections[0]?.hosts ?? [], authorized: /^Bearer \S{20,}$/.test(connections[0]?.headers['Authorization'] ?? '') }),
});

beforeAll(async () => {
  const port = await findFreePort();
  const publicUrl = `http://127.0.0.1:${port}`;
  oauth = await OAuthServer.start({ redirectUris: [`${publicUrl}/v1/connections/callback`] });
  platform = await openPlatform({ port, settings: { publicUrl }, providers: oauth, worker: { skills: ['native:tool'], tools: [shape] } });
});
afterAll(async () => {
  await platform?.close();
  await oauth?.close();
});
beforeEach(() => {
  oauth.answer = 'grant';
  oauth.outage = undefined;
});

/** The address that a user with a token gets to open. */
async function addressFor(skill: string, { query = '', as = 'ann' }: { query?: string; as?: string } = {}): Promise<string> {
  const { status, body } = await platform.send('GET', `/v1/connections/${skill}/authorize${query}`, { as, headers: { accept: 'application/json' } });
  expect(status).toBe(200);
  return body.url;
}

async function begin(browser: Browser, skill: string, { until, ...which }: { query?: string; as?: string; until?: (url: string) => boolean } = {}) {
  return browser.consent(await addressFor(skill, which), { ...(until && { until }) });
}

const isProvider = (url: string): boolean => url.startsWith(oauth.issuer);
const isCallback = (url: string): boolean => url.includes('/v1/connections/callback');
const stored = (skill: string, as = 'ann') => platform.send('GET', `/v1/connections/${skill}`, { as });

describe('a consent', () => {
  it('makes a connection, whose tokens nobody but the steps sees', async () => {
    const end = await begin(new Browser(), 'files:disk', { query: '?permissions=read,write' });
    expect(end).toMatchObject({ status: 200, text: expect.stringContaining('files:disk is connected as ada, for the runs of ann') as string });
    expect(end.text).toMatch(/^<!doctype html>\n<html lang="en">/);
    expect(end.headers.get('cache-control')).toBe('no-store');
    const { body, text } = await stored('files:disk');
    expect(body).toMatchObject({ provider: 'files', account: 'ada', owner: 'ann', status: 'active', renews: true, secrets: ['FILES_TOKEN'], headers: ['Authorization'], hosts: ['127.0.0.1'] });
    expect(body.permissions).toEqual(expect.arrayContaining(['read', 'write', 'files.read', 'files.write']));
    expect(body).not.toHaveProperty('expires_at');
    const connection = await platform.connections.get('files:disk', 'ann');
    const token = connection?.secrets['FILES_TOKEN'] ?? '';
    expect(connection?.headers).toEqual({ Authorization: `Bearer ${token}` });
    expect(token.length).toBeGreaterThan(20);
    const kept = JSON.stringify(await platform.store.database.db.execute('select c::text, (select string_agg(a::text, \'\') from audit_log a) from connections c'));
    for (const seen of [text, kept, end.text]) expect(seen).not.toContain(token);
    expect((await stored('files:disk', 'bob')).status).toBe(404);
  });

  it('lets a run that waits for it go on at once', async () => {
    const document = { id: 'waits', steps: [{ id: 'use', requires: [{ skill: 'files:late', permissions: ['read'] }], kind: { type: 'tool_call', tool_name: 'shape', input: {} } }] };
    const [run, others] = await Promise.all(['ann', 'bob'].map((owner) => platform.client.start(document, { owner })));
    await vi.waitFor(async () => {
      const found = [];
      for await (const { run_id } of platform.client.listRuns({ missingSkill: 'files:late' })) found.push(run_id);
      expect(found).toHaveLength(2);
    }, { timeout: 60_000, interval: 200 });
    const browser = new Browser();
    const { url } = await begin(browser, 'files:late', { query: '?permissions=read', until: isCallback });
    expect((await browser.open(url)).status).toBe(200);
    expect((await run?.result())?.output).toEqual({ hosts: ['127.0.0.1'], authorized: true });
    const { events } = await platform.client.temporal.workflow.getHandle(run?.id ?? '').fetchHistory();
    const heard = events?.findIndex(({ workflowExecutionSignaledEventAttributes: signal }) => signal?.signalName === 'connectionsChanged') ?? -1;
    expect(heard).toBeGreaterThan(0);
    expect(events?.slice(heard).filter(({ timerFiredEventAttributes: fired }) => fired)).toEqual([]);
    expect(await others?.snapshot()).toMatchObject({ status: 'blocked' });
    await others?.terminate();
  });

  it('that is refused stores nothing, and says so', async () => {
    oauth.answer = 'refuse';
    const end = await begin(new Browser(), 'files:refused', { query: '?permissions=read&return_to=/app' });
    expect(end.status).toBe(400);
    expect(end.text).toContain('Files gave no consent: ada would rather not (access_denied)');
    expect(end.text).toContain(`href="${platform.url}/app"`);
    expect((await stored('files:refused')).body.code).toBe('CONNECTION_NOT_FOUND');
  });

  it('to less than was asked for stores nothing', async () => {
    oauth.answer = { without: ['files.write'] };
    const end = await begin(new Browser(), 'files:less', { query: '?permissions=read,write' });
    expect(end).toMatchObject({ status: 400, text: expect.stringContaining('Files gave its consent without write') as string });
    expect((await stored('files:less')).status).toBe(404);
  });

  it('is asked for everything that the connection has already', async () => {
    const browser = new Browser();
    await begin(browser, 'files:grows', { query: '?permissions=read' });
    const { url } = await begin(browser, 'files:grows', { query: '?permissions=write', until: isProvider });
    const asked = new URL(url).searchParams;
    expect(asked.get('scope')?.split(' ').sort()).toEqual(['files.read', 'files.write', 'offline_access', 'openid']);
    expect(asked.get('code_challenge_method')).toBe('S256');
    expect(asked.get('code_challenge')).toMatch(/^[\w-]{43}$/);
  });

  it('ends where it was asked to, on this server only', async () => {
    const end = await begin(new Browser(), 'files:back', { query: '?return_to=/app%3Fa%3D1', until: (url) => url.includes('/app') });
    expect(end.url).toBe(`${platform.url}/app?a=1&connected=files%3Aback`);
    for (const elsewhere of ['https://evil.example.com/', '//evil.example.com', 'javascript:alert(1)', '/\\evil.example.com', 'http://127.0.0.1:1/']) {
      const { status, body } = await platform.send('GET', `/v1/connections/files:back/authorize?return_to=${encodeURIComponent(elsewhere)}`, { as: 'ann' });
      expect([elsewhere, status, body?.code]).toEqual([elsewhere, 400, 'BAD_REQUEST']);
    }
  });

  it('of an admin may be for everybody', async () => {
    expect((await platform.send('GET', '/v1/connections/files:all/authorize?shared=true', { as: 'ann' })).status).toBe(403);
    await begin(new Browser(), 'files:all', { query: '?shared=true', as: 'root:admin' });
    expect((await stored('files:all', 'bob')).body).toMatchObject({ shared: true, account: 'ada' });
  });
});

describe('the way back from the provider', () => {
  const refused = { status: 400, text: expect.stringContaining('Not connected') as string };

  it('is good once', async () => {
    const browser = new Browser();
    const { url } = await begin(browser, 'files:once', { until: isCallback });
    expect((await browser.open(url)).status).toBe(200);
    const { body: first } = await stored('files:once');
    expect(await browser.open(url)).toMatchObject(refused);
    expect((await stored('files:once')).body.revision).toBe(first.revision);
  });

  it('belongs to the browser that began it', async () => {
    const browser = new Browser();
    const { url } = await begin(browser, 'files:stolen', { until: isCallback });
    expect(await new Browser().open(url)).toMatchObject({ status: 400, text: expect.stringContaining('another browser') as string });
    expect((await stored('files:stolen')).status).toBe(404);
    // Who only knows its address does not use it up.
    expect((await browser.open(url)).status).toBe(200);
    expect((await stored('files:stolen')).status).toBe(200);
  });

  it('is open for ten minutes', async () => {
    const browser = new Browser();
    const { url } = await begin(browser, 'files:late-back', { until: isCallback });
    await platform.store.database.db.execute("update oauth_states set expires_at = now() - interval '1 second'");
    expect(await browser.open(url)).toMatchObject(refused);
  });

  it('needs a state, the code that the provider gave, and to have been asked for', async () => {
    const browser = new Browser();
    const callback = `${platform.url}/v1/connections/callback`;
    for (const query of ['', '?state=made-up&code=x', '?code=x', `?state=${'x'.repeat(501)}`]) {
      expect((await browser.open(callback + query)).status).toBe(400);
      expect((await platform.send('GET', `/v1/connections/callback${query}`, { as: null })).body.code).toMatch(/OAUTH_STATE_INVALID|BAD_REQUEST/);
    }
    const { url } = await begin(browser, 'files:code', { until: isCallback });
    const forged = new URL(url);
    forged.searchParams.set('code', 'made-up');
    expect((await browser.open(forged.href)).status).toBe(502);
    expect((await stored('files:code')).status).toBe(404);
  });

  it('shows what a provider says as text', async () => {
    const browser = new Browser();
    const { url } = await begin(browser, 'files:script', { until: isCallback });
    const forged = new URL(url);
    forged.searchParams.delete('code');
    forged.searchParams.set('error', 'access_denied');
    forged.searchParams.set('error_description', '<script>alert(1)</script>');
    const { status, text } = await browser.open(forged.href);
    expect(status).toBe(400);
    expect(text).toContain('&#60;script&#62;alert(1)');
    expect(text).not.toContain('<script>');
  });

  it('says when the provider does not answer as it should', async () => {
    oauth.outage = 503;
    const end = await begin(new Browser(), 'files:down');
    expect(end).toMatchObject({ status: 502, text: expect.stringContaining('Files did not answer as it should') as string });
  });
});

describe('the way to the provider', () => {
  it('is open to those who may write connections', async () => {
    expect((await platform.send('GET', '/v1/connections/files:x/authorize', { as: null })).status).toBe(401);
    expect((await platform.send('GET', '/v1/connections/files:x/authorize', { as: 'ann:connections:read' })).status).toBe(403);
  });

  it('goes by an address of this server that needs no token, for programs and for browsers', async () => {
    const address = new RegExp(`^${platform.url}/v1/connections/begin\\?ticket=[\\w-]{43}$`);
    expect(await addressFor('files:x')).toMatch(address);
    const { status, headers } = await platform.send('GET', '/v1/connections/files:x/authorize', { as: 'ann' });
    expect([status, headers.get('location'), headers.get('set-cookie')]).toEqual([302, expect.stringMatching(address), null]);
  });

  it('says whose connection it makes before it goes on: the address may come from somebody else', async () => {
    const [own, shared] = [await addressFor('files:x'), await addressFor('files:x', { query: '?shared=true', as: 'root:admin' })];
    expect(await new Browser().open(own)).toMatchObject({ status: 200, url: own, text: expect.stringContaining('will be used by the runs of ann. ann asked for it.') as string });
    expect((await new Browser().open(shared)).text).toContain('will be used by the runs of everybody. root asked for it.');
  });

  it('leaves a cookie for the way back alone', async () => {
    const { status, headers } = await fetch(await new Browser().confirm(await addressFor('files:x')), { redirect: 'manual' });
    expect(status).toBe(302);
    expect(headers.get('location')).toMatch(new RegExp(`^${oauth.issuer}/auth\\?`));
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('set-cookie')).toMatch(/^distri_consent_\w{16}=[\w-]{43}; Path=\/v1\/connections\/callback; Max-Age=600; HttpOnly; SameSite=Lax$/);
  });

  it('is good once, for ten minutes, and for nothing else', async () => {
    const refused = { status: 400, text: expect.stringContaining('This address was opened before') as string };
    const browser = new Browser();
    const address = await addressFor('files:ticket');
    const confirmed = await browser.confirm(address);
    await browser.open(confirmed, { until: isProvider });
    for (const used of [address, confirmed]) expect(await browser.open(used)).toMatchObject(refused);
    const late = await addressFor('files:ticket');
    await platform.store.database.db.execute("update oauth_states set expires_at = now() - interval '1 second'");
    expect(await browser.open(late)).toMatchObject(refused);
    const ticket = new URL(await addressFor('files:ticket')).searchParams.get('ticket') ?? '';
    expect(await browser.open(`${platform.url}/v1/connections/callback?state=${ticket}&code=x`)).toMatchObject({ status: 400 });
    expect(await browser.open(`${platform.url}/v1/connections/begin?ticket=made-up`)).toMatchObject(refused);
    expect((await stored('files:ticket')).status).toBe(404);
  });

  it('is closed where a provider is not known, not set up, or needs no consent', async () => {
    for (const path of ['google:drive/authorize', 'nobody:x/authorize', 'files:x/authorize?provider=bearer', 'files:x/authorize?provider=nobody']) {
      expect([path, (await platform.send('GET', `/v1/connections/${path}`, { as: 'ann' })).body.code]).toEqual([path, 'PROVIDER_NOT_FOUND']);
    }
    const { body } = await platform.send('GET', '/v1/connections/google:drive/authorize', { as: 'ann' });
    expect(body.hint).toContain('DISTRI_PROVIDER_GOOGLE_CLIENT_ID');
    expect((await platform.send('GET', '/v1/providers', { as: 'ann' })).body.items.find(({ id }: { id: string }) => id === 'files')).toMatchObject({ ready: true, permissions: ['read', 'write'] });
  });
});

describe('a server without login', () => {
  it('lets a browser that knows it by another name begin, and end where the provider sends it', async () => {
    const port = await findFreePort();
    const publicUrl = `http://127.0.0.1:${port}`;
    const provider = await OAuthServer.start({ redirectUris: [`${publicUrl}/v1/connections/callback`] });
    const local = await openPlatform({ port, settings: { publicUrl }, providers: provider, authentication: { mode: 'local' } });
    try {
      const end = await new Browser().open(`http://localhost:${port}/v1/connections/files:disk/authorize?permissions=read`);
      expect(end).toMatchObject({ status: 200, text: expect.stringContaining('files:disk is connected as ada, for the runs of everybody') as string });
      expect(await local.connections.get('files:disk')).toMatchObject({ skill: 'files:disk' });
    } finally {
      await local.close();
      await provider.close();
    }
  });
});
