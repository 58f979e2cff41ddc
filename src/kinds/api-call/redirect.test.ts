import { afterEach, describe, expect, it } from 'vitest';
import { activityContext } from '../../../test/support/activity-context.js';
import { serve, type TestServer } from '../../../test/support/http.js';
import type { Connection } from '../../activities/connection.js';
import type { JsonValue } from '../../definition/json.js';
import type { ConfigOf } from '../schemas.js';
import { createApiCall } from './activity.js';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const resource of open.splice(0)) await resource.close();
});

/** Answers `/go?status=S&to=URL` with that redirect and everything else with 200, or `?answer=S`. */
async function redirector(): Promise<TestServer> {
  const server = await serve((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://x');
    if (pathname !== '/go') return response.writeHead(Number(searchParams.get('answer') ?? 200)).end('arrived');
    const location = searchParams.get('to');
    response.writeHead(Number(searchParams.get('status') ?? 302), location === null ? {} : { location }).end('moved');
  });
  open.unshift(server);
  return server;
}

const go = (base: string, to: string, status = 302) => `${base}/go?${new URLSearchParams({ to, status: String(status) }).toString()}`;

async function call(config: Partial<ConfigOf<'api_call'>> & { url: string }, connections: Connection[] = []): Promise<JsonValue> {
  const apiCall = createApiCall({ privateAddresses: 'allow' });
  open.unshift(apiCall);
  return apiCall({ type: 'api_call', method: 'GET', ...config }, activityContext({ connections }));
}

const acme: Connection = {
  skill: 'acme:crm',
  permissions: [],
  env: {},
  secrets: { PASS: 'swordfish-1' },
  headers: { 'X-Acme': 'key-of-acme' },
  hosts: ['127.0.0.1', 'localhost'],
  revision: 'r1',
};

describe('redirects', () => {
  it.each([
    ['GET', 301, 'GET'],
    ['POST', 301, 'GET'],
    ['POST', 302, 'GET'],
    ['POST', 303, 'GET'],
    ['PUT', 303, 'GET'],
    ['PUT', 302, 'PUT'],
    ['DELETE', 301, 'DELETE'],
    ['POST', 307, 'POST'],
    ['PATCH', 308, 'PATCH'],
  ])('of %s by %i go on as %s', async (method, status, then) => {
    const { url, requests } = await redirector();
    const body = method === 'GET' ? null : { a: 1 };
    expect(await call({ url: go(url, '/there', status), method, body })).toEqual({ status: 200, body: 'arrived' });
    expect(requests[1]).toMatchObject({ method: then, url: '/there', body: then === 'GET' ? '' : '{"a":1}' });
    if (then === 'GET') {
      expect(requests[1]?.headers).not.toHaveProperty('content-type');
      expect(requests[1]?.headers).not.toHaveProperty('idempotency-key');
    }
  });

  it('keep every header on the same host', async () => {
    const { url, requests } = await redirector();
    await call({ url: go(url, 'there'), headers: { Authorization: 'A', Cookie: 'c=1', 'X-Plain': 'p' } }, [acme]);
    expect(requests[1]?.headers).toMatchObject({ authorization: 'A', cookie: 'c=1', 'x-plain': 'p', 'x-acme': 'key-of-acme' });
  });

  it('take no credentials to another host, also when the connection names it', async () => {
    const { url, otherHost, requests } = await redirector();
    const headers = {
      Authorization: 'A',
      Cookie: 'c=1',
      'X-Api-Key': 'k',
      'Private-Token': 't',
      'X-Signed': 'by swordfish-1',
      Host: 'virtual.example',
      'X-Plain': 'p',
    };
    await call({ url: go(url, `${otherHost}/there`), headers }, [acme]);
    expect(requests[0]?.headers).toMatchObject({ authorization: 'A', 'x-acme': 'key-of-acme', host: 'virtual.example' });
    expect(requests[1]?.headers).toMatchObject({ 'x-plain': 'p', host: new URL(otherHost).host });
    for (const name of ['authorization', 'cookie', 'x-api-key', 'private-token', 'x-signed', 'x-acme']) {
      expect(requests[1]?.headers).not.toHaveProperty(name);
    }
  });

  it('do not give the credentials back when they return to the first host', async () => {
    const { url, otherHost, requests } = await redirector();
    await call({ url: go(url, go(otherHost, `${url}/back`)), headers: { Authorization: 'A' } });
    expect(requests.map(({ headers }) => headers.authorization)).toEqual(['A', undefined, undefined]);
  });

  it('count another port of the host as another host', async () => {
    const [first, second] = [await redirector(), await redirector()];
    await call({ url: go(first.url, `${second.url}/there`), headers: { Authorization: 'A' } });
    expect(second.requests[0]?.headers).not.toHaveProperty('authorization');
  });

  it('do not blame the connection for a 401 of a host that never saw it', async () => {
    const { url, otherHost } = await redirector();
    await expect(call({ url: go(url, `${otherHost}/there?answer=401`) }, [acme])).rejects.toMatchObject({
      code: 'HTTP_STATUS',
      message: 'HTTP 401 — arrived',
    });
    await expect(call({ url: go(url, `/there?answer=401`) }, [acme])).rejects.toMatchObject({ code: 'CONNECTION_REJECTED' });
  });

  it('end after ten', async () => {
    const { url, requests } = await redirector();
    const chain = (length: number): string => (length === 0 ? '/there' : go('', chain(length - 1)));
    expect(await call({ url: url + chain(10) })).toMatchObject({ status: 200 });
    await expect(call({ url: url + chain(11) })).rejects.toMatchObject({
      code: 'HTTP_NETWORK',
      retryable: false,
      message: expect.stringContaining('10 redirects') as string,
    });
    expect(requests).toHaveLength(22);
  });

  it('without a place to go are an answer that is not 2xx', async () => {
    const { url } = await redirector();
    await expect(call({ url: `${url}/go` })).rejects.toMatchObject({ message: 'HTTP 302 — moved' });
  });

  it.each(['ftp://127.0.0.1/x', 'file:///etc/passwd', 'http://'])('to %s are refused', async (to) => {
    const { url } = await redirector();
    await expect(call({ url: go(url, to) })).rejects.toMatchObject({
      code: 'BAD_URL',
      message: expect.stringContaining('redirects') as string,
    });
  });

  it('of a POST that was done make no failure retryable', async () => {
    const { url } = await redirector();
    for (const to of ['/there?answer=503', '/there?answer=429', 'http://127.0.0.1:1/']) {
      await expect(call({ url: go(url, to, 303), method: 'POST' })).rejects.toMatchObject({ retryable: false });
      await expect(call({ url: go(url, to, 303), method: 'PUT' })).rejects.toMatchObject({ retryable: true });
    }
  });

  it('leave no connection open for an endless body of the redirect itself', async () => {
    const server = await serve((request, response) => {
      if (request.url === '/there') return response.end('arrived');
      response.writeHead(302, { location: '/there' });
      const push = () => {
        while (!response.destroyed && response.write('x'.repeat(10_000)));
      };
      response.on('drain', push);
      push();
    });
    open.unshift(server);
    expect(await call({ url: server.url, method: 'POST' })).toEqual({ status: 200, body: 'arrived' });
    await expect.poll(() => server.connections.open).toBe(0);
  });
});
