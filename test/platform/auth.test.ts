import { request } from 'node:http';
import { describe, expect, it } from 'vitest';
import { sharedPlatform } from './stage.js';

/** `fetch` sends no Host header but its own. */
async function statusFor(url: string, { method = 'GET', body, ...headers }: { method?: string; body?: string } & Record<string, string | undefined>): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) } }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

describe('a server without login', () => {
  const platform = sharedPlatform({ authentication: { mode: 'local' }, settings: { publicUrl: 'https://tunnel.example.com', corsOrigins: ['https://friend.example.com'] } });
  const put = (headers: Record<string, string>) =>
    statusFor(`${platform().url}/v1/connections/acme:crm`, { method: 'PUT', body: '{}', ...headers });
  const get = (headers: Record<string, string>) => statusFor(`${platform().url}/v1/connections`, headers);

  it('takes whoever reaches it for its one user, who may do everything', async () => {
    expect(await get({})).toBe(200);
    expect(await put({})).toBe(200);
    expect((await platform().send('POST', '/v1/tokens', { as: null, body: { name: 'n', scopes: ['admin'] } })).body).toMatchObject({ user: 'local' });
  });

  it('answers to names of this machine and its public one, and to no other', async () => {
    const { port } = new URL(platform().url);
    for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`, 'tunnel.example.com']) expect([host, await get({ host })]).toEqual([host, 200]);
    for (const host of ['evil.example.com', `evil.example.com:${port}`, '127.0.0.1.evil.example.com', 'localhost.evil.example.com', '0.0.0.0', '192.168.0.7']) {
      expect([host, await get({ host })]).toEqual([host, 403]);
    }
  });

  it('lets no page of another site change anything', async () => {
    const { port } = new URL(platform().url);
    for (const origin of ['https://evil.example.com', 'null', 'http://localhost:3000', `https://localhost:${port}`]) expect([origin, await put({ origin })]).toEqual([origin, 403]);
    for (const site of ['cross-site', 'same-site']) expect([site, await put({ 'sec-fetch-site': site })]).toEqual([site, 403]);
    expect(await put({ origin: `http://127.0.0.1:${port}`, 'sec-fetch-site': 'same-origin' })).toBe(200);
    expect(await put({ origin: 'https://tunnel.example.com' })).toBe(200);
    expect(await put({ origin: 'https://friend.example.com', 'sec-fetch-site': 'cross-site' })).toBe(200);
    expect(await put({ 'sec-fetch-site': 'none' })).toBe(200);
  });

  it('lets no page of another site begin a consent', async () => {
    const path = `${platform().url}/v1/connections/google:drive/authorize`;
    expect(await statusFor(path, { 'sec-fetch-site': 'cross-site' })).toBe(403);
    expect(await statusFor(path, { 'sec-fetch-site': 'none' })).toBe(404);
  });
});

describe('a server with login', () => {
  const platform = sharedPlatform({ authentication: { mode: 'tokens' } });

  it('knows nobody without a token, under any name', async () => {
    expect(await statusFor(`${platform().url}/v1/connections`, { host: 'whatever.example.com' })).toBe(401);
    const { headers } = await platform().send('GET', '/v1/connections', { as: null });
    expect(headers.get('www-authenticate')).toBe('Bearer');
  });

  it('sends headers that keep browsers from doing harm', async () => {
    const { headers } = await platform().send('GET', '/healthz', { as: null });
    expect(headers.get('content-security-policy')).toContain("script-src 'self'");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });
});
