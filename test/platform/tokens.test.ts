import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { identity } from '../../src/server/identity.js';
import { TokenAuthenticator, TOKEN_CACHE_MS, TOKEN_OUTAGE_MS } from '../../src/server/auth/tokens.js';
import { openPlatform, type Platform } from './stage.js';

let platform: Platform;
let admin: string;

beforeAll(async () => {
  platform = await openPlatform({ authentication: { mode: 'tokens' } });
  admin = (await platform.store.tokens.create({ userId: 'root', name: 'first', scopes: ['admin'] })).secret;
});
afterAll(() => platform.close());

async function tokenFor(user: string, scopes: string[], more: object = {}): Promise<{ id: string; token: string }> {
  const { status, body } = await platform.send('POST', '/v1/tokens', { as: admin, body: { name: 'a token', user, scopes, ...more } });
  expect(status).toBe(201);
  return body as { id: string; token: string };
}

describe('API tokens', () => {
  it('say who asks and what they may, and are shown once', async () => {
    const { id, token } = await tokenFor('ann', ['workflows:read', 'tokens']);
    expect(token).toMatch(/^dwf_[\w-]{43}$/);
    expect((await platform.send('GET', '/v1/providers', { as: token })).status).toBe(403);
    const { body } = await platform.send('GET', '/v1/tokens', { as: token });
    expect(body.items).toEqual([expect.objectContaining({ id, name: 'a token', user: 'ann', scopes: ['workflows:read', 'tokens'] })]);
    expect(JSON.stringify(body)).not.toContain(token.slice(4));
    const rows = JSON.stringify(await platform.store.database.db.execute('select * from api_tokens'));
    expect(rows).not.toContain(token.slice(4));
  });

  it('that nobody made are refused, in any form', async () => {
    const { token } = await tokenFor('ann', ['tokens']);
    for (const as of [null, 'dwf_', `dwf_${'x'.repeat(43)}`, `${token}x`, token.slice(0, -1), 'nonsense', 'a.b.c']) {
      expect(await platform.send('GET', '/v1/tokens', { as })).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED' } });
    }
    expect((await platform.send('GET', '/v1/tokens', { as: null, headers: { authorization: `Basic ${token}` } })).status).toBe(401);
  });

  it('end on time', async () => {
    const { token } = await tokenFor('ann', ['tokens'], { expires_at: new Date(Date.now() + 6_000).toISOString() });
    expect((await platform.send('GET', '/v1/tokens', { as: token })).status).toBe(200);
    await vi.waitFor(async () => expect((await platform.send('GET', '/v1/tokens', { as: token })).status).toBe(401), { timeout: 60_000 });
    expect((await platform.send('POST', '/v1/tokens', { as: admin, body: { name: 'late', scopes: ['tokens'], expires_at: '2020-01-01T00:00:00Z' } })).status).toBe(400);
  });

  it('are no longer good within ten seconds of being revoked', async () => {
    const { id, token } = await tokenFor('ann', ['tokens']);
    expect((await platform.send('GET', '/v1/tokens', { as: token })).status).toBe(200);
    expect((await platform.send('DELETE', `/v1/tokens/${id}`, { as: token })).status).toBe(204);
    expect((await platform.send('DELETE', `/v1/tokens/${id}`, { as: admin })).body.code).toBe('TOKEN_NOT_FOUND');
    await vi.waitFor(async () => expect((await platform.send('GET', '/v1/tokens', { as: token })).status).toBe(401), { timeout: TOKEN_CACHE_MS + 20_000, interval: 250 });
  });

  it('give away nothing that their user lacks', async () => {
    const { token } = await tokenFor('ann', ['tokens', 'runs:read']);
    const make = (body: object) => platform.send('POST', '/v1/tokens', { as: token, body: { name: 'more', ...body } });
    expect(await make({ scopes: ['runs:write'] })).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } });
    expect(await make({ scopes: ['admin'] })).toMatchObject({ status: 403 });
    expect(await make({ scopes: ['runs:read'], user: 'bob' })).toMatchObject({ status: 403 });
    expect(await make({ scopes: ['everything'] })).toMatchObject({ status: 400 });
    expect(await make({ scopes: ['runs:read'] })).toMatchObject({ status: 201, body: { user: 'ann' } });
  });

  it('make none that is good for longer than they are', async () => {
    const end = new Date(Date.now() + 3_600_000).toISOString();
    const later = new Date(Date.now() + 7_200_000).toISOString();
    const sooner = new Date(Date.now() + 60_000).toISOString();
    for (const [user, scopes] of [['ann', ['tokens']], ['root', ['admin']]] as const) {
      const { token } = await tokenFor(user, [...scopes], { expires_at: end });
      const make = (body: object) => platform.send('POST', '/v1/tokens', { as: token, body: { name: 'child', scopes: ['tokens'], ...body } });
      expect(await make({})).toMatchObject({ status: 201, body: { expires_at: end } });
      expect(await make({ expires_at: sooner })).toMatchObject({ status: 201, body: { expires_at: sooner } });
      expect(await make({ expires_at: later })).toMatchObject({ status: 403, body: { code: 'FORBIDDEN', detail: expect.stringContaining(end) as string } });
    }
    expect((await tokenFor('ann', ['tokens'])) as object).not.toHaveProperty('expires_at');
  });

  it('of another user are not there, but for an admin', async () => {
    const [anns, bobs] = [await tokenFor('ann', ['tokens']), await tokenFor('bob', ['tokens'])];
    expect(await platform.send('DELETE', `/v1/tokens/${anns.id}`, { as: bobs.token })).toMatchObject({ status: 404, body: { code: 'TOKEN_NOT_FOUND' } });
    const seen = await platform.send('GET', '/v1/tokens?user=ann', { as: bobs.token });
    expect(seen.body.items).toEqual([]);
    const all = await platform.send('GET', '/v1/tokens?user=ann&limit=1', { as: admin });
    expect(all.body).toMatchObject({ items: [{ id: anns.id }], next_cursor: expect.any(String) as string });
    const next = await platform.send('GET', `/v1/tokens?user=ann&cursor=${all.body.next_cursor}`, { as: admin });
    expect(next.body.items.map((item: { id: string }) => item.id)).not.toContain(anns.id);
  });

  it('tell when they were used, and leave a trace when made and revoked', async () => {
    const { id, token } = await tokenFor('ann', ['tokens']);
    await platform.send('GET', '/v1/tokens', { as: token });
    await vi.waitFor(async () => {
      const { body } = await platform.send('GET', '/v1/tokens?user=ann&limit=1', { as: admin });
      expect(Date.parse(body.items[0].last_used_at)).toBeGreaterThan(Date.now() - 10_000);
    });
    await platform.send('DELETE', `/v1/tokens/${id}`, { as: admin });
    const { items } = await platform.store.audit.list({ target: `token:${id}`, limit: 10 });
    expect(items.map(({ actor, action }) => [actor, action])).toEqual([['root', 'token.revoke'], ['root', 'token.create']]);
  });
});

describe('TokenAuthenticator', () => {
  const secretOf = (n: number | string) => `dwf_${String(n).padStart(43, '0')}`;
  const token = { id: 't', name: 'n', userId: 'ann', scopes: ['runs:read', 'gone'], createdAt: new Date(), expiresAt: null, revokedAt: null, lastUsedAt: null };

  it('asks the store once for many requests, notes the use once, and forgets an outage at once', async () => {
    let fails = true;
    const noteUse = vi.fn(async () => undefined);
    const find = vi.fn(async () => {
      await sleep(5);
      if (fails) throw new Error('out');
      return token;
    });
    const authenticator = new TokenAuthenticator({ find, noteUse });
    await expect(authenticator.identify(secretOf(1))).rejects.toThrow('out');
    fails = false;
    const identities = await Promise.all(Array.from({ length: 50 }, () => authenticator.identify(secretOf(1))));
    expect(identities.every((each) => each?.user === 'ann')).toBe(true);
    expect(identities[0]).toEqual(identity('ann', ['runs:read']));
    expect([find.mock.calls.length, noteUse.mock.calls.length]).toEqual([2, 1]);
  });

  it('keeps the good ones known, and asks for no wrong one twice, however many wrong ones are sent', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const find = vi.fn(async (secret: string) => (secret === secretOf('good') ? token : undefined));
    const authenticator = new TokenAuthenticator({ find, noteUse: async () => undefined });
    await authenticator.identify(secretOf('good'));
    for (let n = 0; n < 11_000; n += 1) expect(await authenticator.identify(secretOf(n))).toBeUndefined();
    await authenticator.identify(secretOf(10_999));
    expect(find).toHaveBeenCalledTimes(11_001);
    for (const shapeless of ['dwf_', 'dwf_x', `${secretOf('good')}0`, `dwf_${'!'.repeat(43)}`]) expect(await authenticator.identify(shapeless)).toBeUndefined();
    expect(await authenticator.identify(secretOf('good'))).toEqual(identity('ann', ['runs:read']));
    expect(find).toHaveBeenCalledTimes(11_001);
    vi.useRealTimers();
  });

  it('asks the store for a token that was not good before only when it may', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      const find = vi.fn(async (secret: string) => (secret === secretOf('good') ? token : undefined));
      const authenticator = new TokenAuthenticator({ find, noteUse: async () => undefined });
      await authenticator.identify(secretOf('good'));
      vi.advanceTimersByTime(TOKEN_CACHE_MS + 1);
      const mayAsk = vi.fn(() => Promise.reject(new Error('too many')));
      expect(await authenticator.identify(secretOf('good'), mayAsk)).toMatchObject({ user: 'ann' });
      await expect(authenticator.identify(secretOf('new'), mayAsk)).rejects.toThrow('too many');
      expect([find.mock.calls.length, mayAsk.mock.calls.length]).toEqual([2, 1]);
    } finally {
      vi.useRealTimers();
    }
  });

  it('goes by what the store said before while it does not answer, for a quarter of an hour at most', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      const outage = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
      let answer = async (): Promise<typeof token | undefined> => token;
      const find = vi.fn(() => answer());
      const authenticator = new TokenAuthenticator({ find, noteUse: async () => undefined });
      await authenticator.identify(secretOf('known'));
      answer = () => Promise.reject(outage);
      vi.advanceTimersByTime(TOKEN_CACHE_MS + 1);
      const both = await Promise.all([authenticator.identify(secretOf('known')), authenticator.identify(secretOf('known'))]);
      expect(both).toEqual([identity('ann', ['runs:read']), identity('ann', ['runs:read'])]);
      await expect(authenticator.identify(secretOf('new'))).rejects.toBe(outage);
      answer = async () => undefined;
      vi.advanceTimersByTime(1_001);
      expect(await authenticator.identify(secretOf('known'))).toBeUndefined();
      answer = async () => token;
      vi.advanceTimersByTime(TOKEN_CACHE_MS + 1);
      await authenticator.identify(secretOf('known'));
      answer = () => Promise.reject(outage);
      vi.advanceTimersByTime(TOKEN_OUTAGE_MS + 1);
      await expect(authenticator.identify(secretOf('known'))).rejects.toBe(outage);
    } finally {
      vi.useRealTimers();
    }
  });
});
