import { describe, expect, it, vi } from 'vitest';
import { sharedPostgres } from '../support/postgres.js';
import { openPlatform, sharedPlatform } from './stage.js';

const platform = sharedPlatform();

describe('the API', () => {
  it('tells that it is alive and ready, also to nobody', async () => {
    expect(await platform().send('GET', '/healthz', { as: null })).toMatchObject({ status: 200, body: { status: 'alive' } });
    expect(await platform().send('GET', '/readyz', { as: null })).toMatchObject({ status: 200, body: { status: 'ready', database: 'up' } });
  });

  it('looks whether it is ready once a second, however often it is asked', async () => {
    const own = await openPlatform();
    const ping = vi.spyOn(own.store.database, 'ping');
    const begun = Date.now();
    await Promise.all(Array.from({ length: 20 }, () => own.send('GET', '/readyz', { as: null })));
    const looked = ping.mock.calls.length;
    expect(looked).toBeGreaterThan(0);
    expect(looked).toBeLessThanOrEqual(1 + Math.floor((Date.now() - begun) / 1_000));
    await vi.waitFor(async () => {
      await own.send('GET', '/readyz', { as: null });
      expect(ping.mock.calls.length).toBeGreaterThan(looked);
    }, { timeout: 60_000 });
    await own.close();
  });

  it('answers errors as problem details with a code', async () => {
    const { status, headers, body } = await platform().send('GET', '/v1/nowhere');
    expect(status).toBe(404);
    expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(body).toMatchObject({ type: 'urn:distri-workflow:error:NOT_FOUND', title: 'Not Found', status: 404, code: 'NOT_FOUND' });
  });

  it('refuses nobody, and who lacks the scope', async () => {
    expect(await platform().send('GET', '/v1/skills', { as: null })).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED' } });
    expect(await platform().send('GET', '/v1/skills', { as: 'ann:runs:read' })).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } });
  });

  it('describes itself', async () => {
    const { body } = await platform().send('GET', '/openapi.json', { as: null });
    expect(body.openapi).toBe('3.1.0');
    expect(Object.keys(body.paths)).toEqual(expect.arrayContaining(['/v1/skills', '/v1/runs', '/v1/workflows/{id}/run']));
    expect((await platform().send('GET', '/docs/', { as: null })).text).toContain('swagger-ui');
  });
});

describe('the store', () => {
  const postgres = sharedPostgres();

  it('is brought up to date by several processes at once', async () => {
    const url = await postgres().create('migrated');
    const platforms = await Promise.all([1, 2, 3].map(() => openPlatform({ database: { url } })));
    expect(await platforms[0]?.store.database.migrate()).toBe(0);
    for (const each of platforms) await each.close();
  });

  it('that is gone is a 503 that says when to try again and not where it was, and heals by itself', async () => {
    const own = await openPlatform({ database: { url: await postgres().create('gone') } });
    await postgres().stop();
    expect(await own.send('GET', '/readyz', { as: null })).toMatchObject({ status: 200, body: { status: 'ready', database: 'down' } });
    const { status, headers, body, text } = await own.send('GET', '/v1/workflows', { as: 'ann' });
    await postgres().start();
    expect({ status, code: body.code, retry: headers.get('retry-after') }).toEqual({ status: 503, code: 'STORE_UNAVAILABLE', retry: '2' });
    expect(text).not.toMatch(/ECONNREFUSED|127\.0\.0\.1|DATABASE_URL/);
    await vi.waitFor(async () => expect((await own.send('GET', '/readyz')).body).toMatchObject({ database: 'up' }), { timeout: 60_000 });
    await own.close();
  });
});
