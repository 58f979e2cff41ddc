import { connect } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { openPlatform, sharedPlatform } from './stage.js';

const platform = sharedPlatform({ settings: { maxBodyBytes: 10_000 } });

/** What comes back for these bytes. */
async function raw(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(Number(port), hostname, () => socket.write(text));
    socket.setTimeout(10_000, () => socket.destroy(new Error(`no end after: ${answer}`)));
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    socket.once('end', () => resolve(answer));
    socket.once('error', reject);
  });
}

describe('headers', () => {
  it('keep browsers from doing harm, and do not say what the server is made of', async () => {
    for (const [path, as] of [['/healthz', null], ['/v1/workflows', 'ann'], ['/v1/workflows', null], ['/v1/nowhere', 'ann']] as const) {
      const { headers } = await platform().send('GET', path, { as });
      const of = (name: string) => headers.get(name);
      expect(of('content-security-policy'), path).toContain("default-src 'self'");
      expect(of('content-security-policy')).not.toContain('unsafe-eval');
      expect(of('x-content-type-options')).toBe('nosniff');
      expect(of('x-frame-options')).toBe('SAMEORIGIN');
      expect(of('cross-origin-opener-policy')).toBe('same-origin');
      expect(of('cross-origin-resource-policy')).toBe('same-origin');
      expect(of('referrer-policy')).toBe('no-referrer');
      for (const name of ['x-powered-by', 'server', 'access-control-allow-origin', 'access-control-allow-credentials', 'strict-transport-security']) expect(of(name), name).toBeNull();
    }
  });

  it('hold a browser to TLS only where users come by TLS, and then this host alone', async () => {
    const own = await openPlatform({ settings: { publicUrl: 'https://flows.example.com' } });
    const { headers } = await own.send('GET', '/healthz');
    expect(headers.get('strict-transport-security')).toBe('max-age=31536000');
    expect(headers.get('content-security-policy')).toContain('upgrade-insecure-requests');
    await own.close();
    expect((await platform().send('GET', '/healthz')).headers.get('content-security-policy')).not.toContain('upgrade-insecure-requests');
  });
});

describe('pages of other origins', () => {
  const preflight = { origin: 'https://app.example.com', 'access-control-request-method': 'PUT', 'access-control-request-headers': 'authorization,content-type,if-match,idempotency-key' };

  it('are allowed nothing by default', async () => {
    const { status, headers } = await platform().send('OPTIONS', '/v1/workflows', { as: null, headers: preflight });
    expect(status).toBe(204);
    for (const name of headers.keys()) expect(name).not.toMatch(/^access-control/);
    expect((await platform().send('GET', '/v1/workflows', { as: 'ann', headers: { origin: preflight.origin } })).headers.get('access-control-allow-origin')).toBeNull();
  });

  it('may use every method from an origin that is configured, and see what a client needs, errors too', async () => {
    const own = await openPlatform({ settings: { corsOrigins: [preflight.origin] } });
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
      const { status, headers } = await own.send('OPTIONS', '/v1/workflows', { as: null, headers: { ...preflight, 'access-control-request-method': method } });
      expect(status).toBe(204);
      expect(headers.get('access-control-allow-origin')).toBe(preflight.origin);
      expect(headers.get('access-control-allow-methods'), method).toContain(method);
      expect(headers.get('access-control-allow-headers')).toContain('idempotency-key');
      expect(headers.get('access-control-allow-credentials')).toBeNull();
    }
    const refused = await own.send('GET', '/v1/workflows', { as: null, headers: { origin: preflight.origin } });
    expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([401, preflight.origin]);
    for (const name of ['etag', 'location', 'retry-after', 'idempotent-replayed']) expect(refused.headers.get('access-control-expose-headers')).toContain(name);
    expect((await own.send('GET', '/v1/workflows', { as: 'ann', headers: { origin: 'https://evil.example.com' } })).headers.get('access-control-allow-origin')).not.toBe('https://evil.example.com');
    await own.close();
  });
});

describe('bodies', () => {
  const post = (body: string, headers: Record<string, string> = {}) => platform().send('POST', '/v1/workflows/validate', { as: 'ann', body, headers });

  it('that are too large are refused, also when their length is not told', async () => {
    expect(await post(JSON.stringify('x'.repeat(10_000)))).toMatchObject({ status: 413, body: { code: 'BODY_TOO_LARGE', status: 413 } });
    const chunk = 'x'.repeat(5_000);
    const chunked = `${(5_000).toString(16)}\r\n${chunk}\r\n`.repeat(3);
    const answer = await raw(platform().url, `POST /v1/workflows/validate HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ann\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${chunked}0\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1.1 413 /);
    expect(answer).toContain('BODY_TOO_LARGE');
  });

  it('that are no JSON are refused', async () => {
    for (const body of ['{', '{"a":}', 'nonsense']) expect(await post(body), body).toMatchObject({ status: 400, body: { code: 'MALFORMED_JSON' } });
  });

  it('of another type are refused', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/xml', 'nonsense']) {
      expect(await post('{}', { 'content-type': type }), type).toMatchObject({ status: 415, body: { code: 'UNSUPPORTED_MEDIA_TYPE' } });
    }
    expect((await post('{}', { 'content-type': 'application/vnd.x+json; charset=utf-8' })).status).toBe(200);
  });

  it('are not read of who may not send them', async () => {
    expect((await platform().send('POST', '/v1/workflows', { as: null, body: '{' })).status).toBe(401);
    expect((await platform().send('POST', '/v1/workflows', { as: 'ann:runs:read', body: '{' })).status).toBe(403);
  });
});

describe('too many requests', () => {
  it('are refused, each user for themselves', async () => {
    const own = await openPlatform({ settings: { requestsPerMinute: 3 } });
    const statuses = async (as: string) => [await own.send('GET', '/v1/providers', { as }), await own.send('GET', '/v1/providers', { as }), await own.send('GET', '/v1/providers', { as }), await own.send('GET', '/v1/providers', { as })];
    const answers = await statuses('ann');
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429]);
    const last = answers.at(-1);
    expect(last?.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(last?.body).toMatchObject({ code: 'RATE_LIMITED', status: 429 });
    expect(Number(last?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await statuses('bob')).map(({ status }) => status)).toEqual([200, 200, 200, 429]);
    expect((await own.send('GET', '/healthz', { as: null })).status).toBe(200);
    await own.close();
  });

  it('count also when nobody known sends them: tokens cannot be tried out, and the store is not asked', async () => {
    const own = await openPlatform({ settings: { requestsPerMinute: 3 }, authentication: { mode: 'tokens' } });
    const find = vi.spyOn(own.store.tokens, 'find');
    const tries = [];
    for (let n = 0; n < 5; n += 1) tries.push((await own.send('GET', '/v1/providers', { as: `dwf_${String(n).repeat(43)}` })).status);
    expect(tries).toEqual([401, 401, 401, 429, 429]);
    expect(find).toHaveBeenCalledTimes(3);
    await own.close();
  });
});

describe('what is no request of the API', () => {
  it('is answered as problem details, too', async () => {
    const problems = {
      'GET /v1/workflows/%ff HTTP/1.1\r\nHost: x': '400',
      'FOO /v1/workflows HTTP/1.1\r\nHost: x': '400',
      'GET /healthz HTTP/1.1\r\nHost: x\r\nBad Header: y': '400',
      [`GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(20_000)}`]: '400',
      'PROPFIND /v1/workflows HTTP/1.1\r\nHost: x': '405',
      'TRACE /v1/workflows HTTP/1.1\r\nHost: x': '405',
      'DELETE /v1/workflows HTTP/1.1\r\nHost: x': '405',
      [`GET /v1/runs/${'x'.repeat(4_000)} HTTP/1.1\r\nHost: x`]: '400',
    };
    for (const [head, status] of Object.entries(problems)) {
      const answer = await raw(platform().url, `${head}\r\nConnection: close\r\n\r\n`);
      expect(answer, head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
      expect(answer.toLowerCase(), head).toContain('content-type: application/problem+json');
      expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)), head).toMatchObject({ status: Number(status), code: status === '405' ? 'METHOD_NOT_ALLOWED' : 'BAD_REQUEST' });
    }
    expect((await platform().send('GET', '/healthz')).status).toBe(200);
  });

  it('HEAD answers as GET without a body', async () => {
    for (const [path, as, status] of [['/v1/workflows', 'ann', 200], ['/v1/workflows', null, 401], ['/v1/workflows/nothing', 'ann', 404]] as const) {
      const answer = await platform().send('HEAD', path, { as });
      expect([answer.status, answer.text], path).toEqual([status, '']);
    }
  });
});
