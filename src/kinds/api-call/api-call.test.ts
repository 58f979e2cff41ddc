import { brotliCompressSync, gzipSync } from 'node:zlib';
import type { RequestListener } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { activityContext } from '../../../test/support/activity-context.js';
import { serve, type TestServer } from '../../../test/support/http.js';
import type { Connection } from '../../activities/connection.js';
import type { JsonValue } from '../../definition/json.js';
import type { ActivityContext } from '../activity.js';
import type { ConfigOf } from '../schemas.js';
import { createApiCall, type ApiCallOptions } from './activity.js';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const resource of open.splice(0)) await resource.close();
});

async function server(answer: RequestListener): Promise<TestServer> {
  const started = await serve(answer);
  open.unshift(started);
  return started;
}

type Call = Partial<ConfigOf<'api_call'>> & { url: string };

async function call(config: Call, context: Partial<ActivityContext> = {}, options: Partial<ApiCallOptions> = {}): Promise<JsonValue> {
  const apiCall = createApiCall({ privateAddresses: 'allow', ...options });
  open.unshift(apiCall);
  return apiCall({ type: 'api_call', method: 'GET', ...config }, activityContext(context));
}

function connection(given: Partial<Connection> = {}): Connection {
  return { skill: 'acme:crm', permissions: [], env: {}, secrets: {}, headers: {}, hosts: [], revision: 'r1', ...given };
}

const ok: RequestListener = (_request, response) => response.end('ok');
const json =
  (value: JsonValue, type = 'application/json'): RequestListener =>
  (_request, response) =>
    response.writeHead(200, { 'content-type': type }).end(JSON.stringify(value));

describe('the answer', () => {
  it.each(['application/json', 'application/json; charset=utf-8', 'application/problem+json', 'APPLICATION/JSON'])(
    'is parsed when its content type is %s',
    async (type) => {
      const { url } = await server(json({ records: [1, { a: null }] }, type));
      expect(await call({ url })).toEqual({ status: 200, body: { records: [1, { a: null }] } });
    },
  );

  it.each(['text/plain', 'text/html', 'application/jsonl', 'application/x-json-seq'])('stays text when it is %s', async (type) => {
    const { url } = await server(json({ a: 1 }, type));
    expect(await call({ url })).toEqual({ status: 200, body: '{"a":1}' });
  });

  it('stays text without a content type, and when JSON is announced but malformed', async () => {
    const { url } = await server((request, response) => {
      if (request.url === '/malformed') response.setHeader('content-type', 'application/json');
      response.statusCode = 201;
      response.end('{"a":');
    });
    expect(await call({ url })).toEqual({ status: 201, body: '{"a":' });
    expect(await call({ url: `${url}/malformed` })).toEqual({ status: 201, body: '{"a":' });
  });

  it('is empty text for 204', async () => {
    const { url } = await server((_request, response) => response.writeHead(204).end());
    expect(await call({ url })).toEqual({ status: 204, body: '' });
  });

  it('is decoded by its charset', async () => {
    const { url } = await server((_request, response) =>
      response.setHeader('content-type', 'text/plain; charset=iso-8859-1').end(Buffer.from('caf\xe9', 'latin1')),
    );
    expect(await call({ url })).toEqual({ status: 200, body: 'café' });
  });

  it.each([
    ['gzip', gzipSync('{"a":1}')],
    ['br', brotliCompressSync('{"a":1}')],
    ['gzip, br', brotliCompressSync(gzipSync('{"a":1}'))],
    ['gzip', Buffer.alloc(0)],
  ])('is decompressed (%s)', async (encoding, bytes) => {
    const { url } = await server((_request, response) =>
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': encoding }).end(bytes),
    );
    expect(await call({ url })).toEqual({ status: 200, body: bytes.length === 0 ? '' : { a: 1 } });
  });

  it('fails when it is compressed in a way that nobody asked for', async () => {
    const { url } = await server((_request, response) => response.writeHead(200, { 'content-encoding': 'lzma' }).end('x'));
    await expect(call({ url })).rejects.toMatchObject({ code: 'HTTP_NETWORK', message: expect.stringContaining("'lzma'") as string });
  });

  it('of 5 MB arrives whole', async () => {
    const text = 'ä'.repeat(2_500_000);
    const { url } = await server((_request, response) => response.end(text));
    expect(await call({ url })).toEqual({ status: 200, body: text });
  });

  it('keeps a key named __proto__', async () => {
    const { url } = await server((_request, response) => response.setHeader('content-type', 'application/json').end('{"__proto__":{"x":1}}'));
    expect(JSON.stringify(await call({ url }))).toBe('{"status":200,"body":{"__proto__":{"x":1}}}');
  });
});

describe('the limit of the answer', () => {
  it('is exact and named in the failure', async () => {
    const { url } = await server((request, response) => response.end('x'.repeat(Number(request.url?.slice(1)))));
    expect(await call({ url: `${url}/1000` }, {}, { maxBodyBytes: 1000 })).toMatchObject({ status: 200 });
    await expect(call({ url: `${url}/1001` }, {}, { maxBodyBytes: 1000 })).rejects.toMatchObject({
      code: 'HTTP_TOO_LARGE',
      retryable: false,
      message: expect.stringContaining('1000 bytes') as string,
    });
  });

  it('ends an endless answer and closes its connection', async () => {
    const piece = Buffer.alloc(65_536);
    let sent = 0;
    const { url, connections } = await server((_request, response) => {
      const push = () => {
        while (!response.destroyed && response.write(piece)) sent += piece.length;
        sent += piece.length;
      };
      response.on('drain', push);
      push();
    });
    await expect(call({ url }, {}, { maxBodyBytes: 1_000_000 })).rejects.toMatchObject({ code: 'HTTP_TOO_LARGE' });
    await expect.poll(() => connections.open).toBe(0);
    expect(sent).toBeLessThan(50_000_000);
  });

  it('counts decompressed bytes', async () => {
    const bomb = gzipSync(Buffer.alloc(20_000_000));
    const { url } = await server((_request, response) => response.setHeader('content-encoding', 'gzip').end(bomb));
    expect(bomb.length).toBeLessThan(100_000);
    await expect(call({ url }, {}, { maxBodyBytes: 1_000_000 })).rejects.toMatchObject({ code: 'HTTP_TOO_LARGE' });
  });
});

describe('an answer that is not 2xx', () => {
  const failing = (status: number, headers: Record<string, string> = {}, body = 'no'): Promise<TestServer> =>
    server((_request, response) => response.writeHead(status, headers).end(body));

  it('fails with its code and body, word for word', async () => {
    const { url } = await failing(404, { 'content-type': 'application/json' }, '{"error":"gone"}');
    await expect(call({ url })).rejects.toMatchObject({
      code: 'HTTP_STATUS',
      message: 'HTTP 404 — {"error":"gone"}',
      retryable: false,
    });
  });

  it('has its body cut to a length that one can read, as well-formed text', async () => {
    const { url } = await failing(500, {}, `${'x'.repeat(4095)}😀${'y'.repeat(100_000)}`);
    await expect(call({ url })).rejects.toMatchObject({ message: `HTTP 500 — ${'x'.repeat(4095)}` });
  });

  it('with a lone surrogate in its bytes still gives a well-formed message', async () => {
    const { url } = await server((_request, response) => response.writeHead(400).end(Buffer.from([0x61, 0xed, 0xa0, 0x80, 0x62])));
    const utf16 = await server((_request, response) =>
      response.writeHead(400, { 'content-type': 'text/plain; charset=utf-16le' }).end(Buffer.from([0x61, 0, 0x00, 0xd8, 0x62, 0])),
    );
    for (const place of [url, utf16.url]) {
      const failure = await call({ url: place }).catch((error: unknown) => error as Error);
      expect(failure).toMatchObject({ message: expect.stringMatching(/^HTTP 400 — a\uFFFD+b$/) as string });
    }
  });

  it('with an endless body fails with its status and closes the connection', async () => {
    const { url, connections } = await server((_request, response) => {
      response.writeHead(500);
      const push = () => {
        while (!response.destroyed && response.write('e'.repeat(10_000)));
      };
      response.on('drain', push);
      push();
    });
    await expect(call({ url })).rejects.toMatchObject({ message: `HTTP 500 — ${'e'.repeat(4096)}` });
    await expect.poll(() => connections.open).toBe(0);
  });

  it.each([
    ['GET', 500, true],
    ['PUT', 503, true],
    ['DELETE', 502, true],
    ['POST', 500, false],
    ['PATCH', 503, false],
    ['GET', 429, true],
    ['POST', 429, true],
    ['GET', 400, false],
    ['GET', 304, false],
  ])('to %s with %i: retryable is %s', async (method, status, retryable) => {
    const { url } = await failing(status);
    await expect(call({ url, method })).rejects.toMatchObject({ code: 'HTTP_STATUS', retryable });
  });

  it('says when to try again: Retry-After in seconds or as a date', async () => {
    const seconds = await failing(429, { 'retry-after': '7' });
    await expect(call({ url: seconds.url, method: 'POST' })).rejects.toMatchObject({ retryAfterSecs: 7 });
    const date = await failing(503, { 'retry-after': new Date(Date.now() + 60_000).toUTCString() });
    const failure = await call({ url: date.url }).catch((error: unknown) => error as { retryAfterSecs: number });
    expect(failure).toMatchObject({ retryable: true });
    expect((failure as { retryAfterSecs: number }).retryAfterSecs).toBeGreaterThan(55);
    expect((failure as { retryAfterSecs: number }).retryAfterSecs).toBeLessThanOrEqual(60);
    const past = await failing(503, { 'retry-after': new Date(0).toUTCString() });
    await expect(call({ url: past.url })).rejects.toMatchObject({ retryAfterSecs: 0 });
    const nonsense = await failing(429, { 'retry-after': 'soon' });
    await expect(call({ url: nonsense.url })).rejects.toMatchObject({ retryAfterSecs: undefined });
  });
});

describe('a rate limit that is told with 403', () => {
  const soon = (): string => String(Math.ceil(Date.now() / 1000) + 30);

  it.each<[string, () => Record<string, string>, number | undefined]>([
    ['Retry-After', () => ({ 'retry-after': '1' }), 1],
    ['a date to try again at', () => ({ 'retry-after': new Date(0).toUTCString() }), 0],
    ['what GitHub sends', () => ({ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': soon() }), 30],
    ['both', () => ({ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': soon(), 'retry-after': '2' }), 2],
    ['seconds to the reset', () => ({ 'ratelimit-remaining': '0', 'ratelimit-reset': '30' }), 30],
    ['one header for all', () => ({ ratelimit: '"default";r=0;t=30' }), 30],
    ['nothing left and no time', () => ({ 'ratelimit-remaining': '0' }), undefined],
  ])('is tried again, and rejects no connection: %s', async (_what, headers, secs) => {
    const { url } = await server((_request, response) => response.writeHead(403, headers()).end('slow down'));
    for (const method of ['GET', 'POST']) {
      const failure: unknown = await call({ url, method }, { connections: [connection()] }).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: 'HTTP_STATUS', retryable: true, message: expect.stringContaining('slow down') as string });
      const after = (failure as { retryAfterSecs?: number }).retryAfterSecs;
      if (secs === undefined) expect(after).toBeUndefined();
      else expect(Math.abs((after ?? -100) - secs)).toBeLessThanOrEqual(2);
    }
  });

  it.each<Record<string, string>>([{}, { 'x-ratelimit-remaining': '17', 'x-ratelimit-reset': '1' }, { 'retry-after': 'soon' }, { ratelimit: '"default";r=10;t=30' }])(
    'is none with the headers %j',
    async (headers) => {
      const { url } = await server((_request, response) => response.writeHead(403, headers).end());
      await expect(call({ url }, { connections: [connection()] })).rejects.toMatchObject({ code: 'CONNECTION_REJECTED', retryable: false });
    },
  );
});

describe('a rejected connection', () => {
  const reject: RequestListener = (_request, response) => response.writeHead(401).end('expired');

  it('fails with its skill and revision', async () => {
    const { url } = await server(reject);
    await expect(call({ url }, { connections: [connection()] })).rejects.toMatchObject({
      code: 'CONNECTION_REJECTED',
      retryable: false,
      details: { skill: 'acme:crm', revision: 'r1' },
      message: expect.stringContaining('HTTP 401 — expired') as string,
    });
  });

  it('is the one whose header was sent, or whose secret the request repeats', async () => {
    const { url } = await server((_request, response) => response.writeHead(403).end());
    const others = [connection({ skill: 'a:a' }), connection({ skill: 'b:b', hosts: ['127.0.0.1'], headers: { authorization: 'B' }, revision: 'r2' })];
    await expect(call({ url }, { connections: others })).rejects.toMatchObject({ details: { skill: 'b:b', revision: 'r2' } });
    const bySecret = [connection({ skill: 'a:a' }), connection({ skill: 'c:c', secrets: { KEY: 'abcdefghi' }, revision: 'r3' })];
    await expect(call({ url: `${url}/?key=abcdefghi` }, { connections: bySecret })).rejects.toMatchObject({ details: { skill: 'c:c' } });
  });

  it('without any connection is an ordinary failure', async () => {
    const { url } = await server(reject);
    await expect(call({ url })).rejects.toMatchObject({ code: 'HTTP_STATUS', message: 'HTTP 401 — expired' });
  });
});

describe('the request', () => {
  it('carries objects, arrays, numbers and booleans as JSON', async () => {
    const { url, requests } = await server(ok);
    for (const body of [{ a: 1 }, [1, 'x'], 5, false]) await call({ url, method: 'POST', body });
    expect(requests.map(({ body }) => body)).toEqual(['{"a":1}', '[1,"x"]', '5', 'false']);
    expect(requests[0]?.headers['content-type']).toBe('application/json');
  });

  it('carries text as it is, with the content type of the step', async () => {
    const { url, requests } = await server(ok);
    await call({ url, method: 'PUT', body: 'a=1&b=ü' });
    await call({ url, method: 'POST', body: '{"raw":true}', headers: { 'Content-Type': 'application/vnd.x+json' } });
    expect(requests).toMatchObject([
      { body: 'a=1&b=ü', headers: { 'content-type': 'text/plain;charset=UTF-8' } },
      { body: '{"raw":true}', headers: { 'content-type': 'application/vnd.x+json' } },
    ]);
  });

  it('has no body when the step has none, and one with GET when it has', async () => {
    const { url, requests } = await server(ok);
    await call({ url, method: 'POST', body: null });
    await call({ url, body: { query: 'all' } });
    expect(requests).toMatchObject([
      { body: '', headers: { 'content-length': '0' } },
      { method: 'GET', body: '{"query":"all"}' },
    ]);
    expect(requests[0]?.headers).not.toHaveProperty('content-type');
  });

  it('takes the method in any case and refuses others', async () => {
    const { url, requests } = await server(ok);
    await call({ url, method: 'patch' });
    expect(requests[0]?.method).toBe('PATCH');
    await expect(call({ url, method: 'TRACE' })).rejects.toMatchObject({ code: 'UNKNOWN_METHOD' });
  });

  it('has an Idempotency-Key unless it is a GET or the step sets one', async () => {
    const { url, requests } = await server(ok);
    const context = { idempotencyKey: 'run-9/pay' };
    await call({ url, method: 'POST' }, context);
    await call({ url, method: 'DELETE' }, context);
    await call({ url }, context);
    await call({ url, method: 'POST', headers: { 'Idempotency-Key': 'mine' } }, context);
    expect(requests.map(({ headers }) => headers['idempotency-key'])).toEqual(['run-9/pay', 'run-9/pay', undefined, 'mine']);
  });

  it('turns a user name and password in the URL into an Authorization header', async () => {
    const { url, requests } = await server(ok);
    await call({ url: url.replace('//', '//me:p%40ss@') });
    expect(requests[0]?.headers.authorization).toBe(`Basic ${Buffer.from('me:p@ss').toString('base64')}`);
  });

  it.each([
    ['ftp://example.com/x', /only http and https/],
    ['file:///etc/passwd', /only http and https/],
    ['{input.host}/x', /not a URL/],
    ['http://me:%zz@127.0.0.1/', /no escape/],
    [`\ud800${'x'.repeat(1_000_000)}`, /^'\uFFFDx{199}' is not/],
  ])('to %.40s is refused', async (url, message) => {
    await expect(call({ url })).rejects.toMatchObject({ code: 'BAD_URL', retryable: false, message: expect.stringMatching(message) as string });
  });

  it.each([
    [{ 'X-A': 'a\r\nX-B: b' }],
    [{ 'X-A': 'a\nb' }],
    [{ 'X-A': 'a\0' }],
    [{ 'X-A': 'smile 😀' }],
    [{ 'X A': 'a' }],
    [{ 'X-A:': 'a' }],
    [{ '': 'a' }],
    [{ 'Transfer-Encoding': 'chunked' }],
  ])('with the headers %j is refused', async (headers) => {
    const { url, requests } = await server(ok);
    await expect(call({ url, method: 'POST', headers })).rejects.toMatchObject({ code: 'BAD_HEADER', retryable: false });
    expect(requests).toEqual([]);
  });
});

describe('the headers of a connection', () => {
  const headers = { Authorization: 'Bearer token-of-acme', 'X-Tenant': 'acme' };

  it('go to its hosts, and the step has the last word in any case', async () => {
    const { url, requests } = await server(ok);
    const connections = [connection({ headers, hosts: ['127.0.0.1'] })];
    await call({ url, headers: { 'x-TENANT': 'other' } }, { connections });
    expect(requests[0]?.headers).toMatchObject({ authorization: 'Bearer token-of-acme', 'x-tenant': 'other' });
  });

  it('go to no other host or port', async () => {
    const { url, otherHost, port, requests } = await server(ok);
    const connections = [connection({ headers, hosts: ['localhost', `127.0.0.1:${port + 1}`] })];
    await call({ url }, { connections });
    await call({ url: otherHost }, { connections });
    expect(requests.map(({ headers }) => headers.authorization)).toEqual([undefined, 'Bearer token-of-acme']);
  });

  it('go over http to another machine only where the connection names its port', async () => {
    const { url: proxy, requests } = await server(ok);
    const get = (url: string, hosts: string[]) => call({ url }, { connections: [connection({ headers, hosts })] }, { proxy });
    await expect(get('http://crm.test/x', ['crm.test', '*.test'])).rejects.toMatchObject({
      code: 'HTTP_REFUSED',
      retryable: false,
      message: expect.stringMatching(/acme:crm are not sent over http to crm\.test.* add the host crm\.test:80/) as string,
    });
    expect(requests).toEqual([]);
    await get('http://crm.test/x', ['crm.test:80']);
    await get('http://other.test/x', ['crm.test']);
    expect(requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer token-of-acme', undefined]);
  });
});
