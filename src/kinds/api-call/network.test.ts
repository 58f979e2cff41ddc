import { connect, createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { activityContext } from '../../../test/support/activity-context.js';
import { listen, serve, serveSelfSigned } from '../../../test/support/http.js';
import type { JsonValue } from '../../definition/json.js';
import type { ActivityContext } from '../activity.js';
import type { ConfigOf } from '../schemas.js';
import { createApiCall, type ApiCallOptions } from './activity.js';

const open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const resource of open.splice(0)) await resource.close();
});

type Call = Partial<ConfigOf<'api_call'>> & { url: string };

async function call(config: Call, options: Partial<ApiCallOptions> = {}, context: Partial<ActivityContext> = {}): Promise<JsonValue> {
  const apiCall = createApiCall({ privateAddresses: 'allow', ...options });
  open.unshift(apiCall);
  return apiCall({ type: 'api_call', method: 'GET', ...config }, activityContext(context));
}

/** A TCP server that does with each connection what `answer` says. */
async function tcp(answer: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    answer(socket);
  });
  const port = await listen(server);
  open.unshift({
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  });
  return port;
}

async function closedPort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await new Promise((done) => server.close(done));
  return port;
}

const saying = (...parts: string[]) => expect.stringMatching(parts.map((part) => `(?=.*${part})`).join('')) as string;

describe('a call that cannot be made', () => {
  it('names the host that does not exist', async () => {
    const failure = { code: 'HTTP_NETWORK', retryable: true, message: saying('host\\.invalid:443', 'cannot be resolved', 'E[A-Z_]+', 'check the host') };
    await expect(call({ url: 'https://host.invalid/x' })).rejects.toMatchObject(failure);
    await expect(call({ url: 'https://host.invalid/x', method: 'POST' })).rejects.toMatchObject(failure);
  });

  it.each(['127.0.0.1', 'localhost'])('names the port of %s that refuses', async (host) => {
    const port = await closedPort();
    const failure = { code: 'HTTP_NETWORK', retryable: true, message: saying(`${host}:${port}`, 'refused', 'ECONNREFUSED', 'check the port') };
    await expect(call({ url: `http://${host}:${port}/` })).rejects.toMatchObject(failure);
    await expect(call({ url: `http://${host}:${port}/`, method: 'PATCH' })).rejects.toMatchObject(failure);
  });

  it('says why a certificate is not trusted and what to do', async () => {
    const server = await serveSelfSigned((_request, response) => response.end('secret'));
    open.unshift(server);
    await expect(call({ url: server.url })).rejects.toMatchObject({
      code: 'HTTP_NETWORK',
      retryable: false,
      message: saying('certificate', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'NODE_EXTRA_CA_CERTS'),
    });
  });

  it('says that a port does not speak TLS, or not HTTP', async () => {
    const plain = await serve((_request, response) => response.end());
    open.unshift(plain);
    await expect(call({ url: plain.url.replace('http:', 'https:') })).rejects.toMatchObject({ retryable: false, message: saying('TLS', 'https') });
    const port = await tcp((socket) => socket.once('data', () => socket.end('SSH-2.0-OpenSSH_9\r\n')));
    await expect(call({ url: `http://127.0.0.1:${port}/` })).rejects.toMatchObject({ code: 'HTTP_NETWORK', message: saying('not HTTP') });
  });

  it.each([
    ['GET', true],
    ['PUT', true],
    ['DELETE', true],
    ['POST', false],
    ['PATCH', false],
  ])('because the connection broke: %s is retryable: %s', async (method, retryable) => {
    const before = await tcp((socket) => socket.once('data', () => socket.destroy()));
    await expect(call({ url: `http://127.0.0.1:${before}/`, method })).rejects.toMatchObject({ code: 'HTTP_NETWORK', retryable });
    const midway = await tcp((socket) => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf')));
    await expect(call({ url: `http://127.0.0.1:${midway}/`, method })).rejects.toMatchObject({ code: 'HTTP_NETWORK', retryable });
  });

  it('because no answer comes, or stops in its middle', async () => {
    const silent = await tcp(() => undefined);
    await expect(call({ url: `http://127.0.0.1:${silent}/` }, { idleTimeoutMs: 200 })).rejects.toMatchObject({
      code: 'HTTP_NETWORK',
      retryable: true,
      message: saying('no answer came in time', 'UND_ERR_HEADERS_TIMEOUT'),
    });
    const stuck = await tcp((socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf'));
    await expect(call({ url: `http://127.0.0.1:${stuck}/`, method: 'POST' }, { idleTimeoutMs: 200 })).rejects.toMatchObject({
      retryable: false,
      message: saying('stopped in its middle'),
    });
  });

  it('because the headers of the answer are endless', async () => {
    const port = await tcp((socket) => socket.write(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(100_000)}`));
    await expect(call({ url: `http://127.0.0.1:${port}/` })).rejects.toMatchObject({ code: 'HTTP_NETWORK', message: saying('too large') });
  });
});

describe('cancel', () => {
  const reason = new Error('canceled by a test');

  it.each(['/headers', '/body'])('ends a call that waits for its %s with the signal’s reason, and the connection', async (path) => {
    const abort = new AbortController();
    const server = await serve((request, response) => {
      if (request.url === '/body') response.write('first piece');
      setTimeout(() => abort.abort(reason), 50);
    });
    open.unshift(server);
    await expect(call({ url: server.url + path }, {}, { signal: abort.signal })).rejects.toBe(reason);
    await expect.poll(() => server.connections.open).toBe(0);
  });

  it('before the start sends nothing', async () => {
    const server = await serve((_request, response) => response.end());
    open.unshift(server);
    await expect(call({ url: server.url }, {}, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(server.connections.made).toBe(0);
  });
});

describe('addresses that may not be called', () => {
  const refused = { code: 'HTTP_REFUSED', retryable: false };

  it.each([
    'http://169.254.169.254/latest/meta-data/',
    'http://169.254.169.254./',
    'http://2852039166/',
    'http://0xa9.254.43518/',
    'http://[::ffff:169.254.169.254]/',
    'http://[64:ff9b::a9fe:a9fe]/',
    'http://[fe80::1]/',
    'http://[fd00:ec2::254]/',
    'https://100.100.100.200/',
    'http://168.63.129.16:8080/',
  ])('%s always', async (url) => {
    await expect(call({ url })).rejects.toMatchObject({ ...refused, message: saying('metadata') });
    await expect(call({ url }, { proxy: 'http://127.0.0.1:1' })).rejects.toMatchObject(refused);
  });

  it('private ones when they are denied, before a byte is sent', async () => {
    const server = await serve((_request, response) => response.end());
    open.unshift(server);
    const { port } = server;
    const hosts = ['127.0.0.1', 'localhost', '0.0.0.0', '[::1]', '[::ffff:127.0.0.1]', '[::]', '127.1', '2130706433'];
    for (const host of hosts) {
      await expect(call({ url: `http://${host}:${port}/` }, { privateAddresses: 'deny' })).rejects.toMatchObject({
        ...refused,
        message: saying('private'),
      });
    }
    expect(server.connections.made).toBe(0);
    expect(await call({ url: `http://localhost:${port}/` })).toMatchObject({ status: 200 });
  });

  it('also not by a redirect', async () => {
    const server = await serve((_request, response) => response.writeHead(302, { location: 'http://169.254.169.254/latest/' }).end());
    open.unshift(server);
    await expect(call({ url: server.url })).rejects.toMatchObject({ ...refused, message: saying('169\\.254\\.169\\.254') });
  });
});

describe('connections', () => {
  it('are kept for calls that may be repeated and fresh for others', async () => {
    const server = await serve((_request, response) => response.end('ok'));
    open.unshift(server);
    const apiCall = createApiCall({ privateAddresses: 'allow' });
    open.unshift(apiCall);
    const times = async (method: string) => {
      for (let i = 0; i < 10; i++) await apiCall({ type: 'api_call', method, url: server.url }, activityContext());
    };
    await times('GET');
    const kept = server.connections.made;
    expect(kept).toBeLessThanOrEqual(2);
    await times('POST');
    expect(server.connections.made).toBe(kept + 10);
  });

  it('go through the proxy, plain for http and as a tunnel for https', async () => {
    const target = await serveSelfSigned((_request, response) => response.end());
    open.unshift(target);
    const tunnels: string[] = [];
    const proxy = await serve((request, response) => response.end(`${request.method} ${request.url}`));
    open.unshift(proxy);
    const tunnel = await tcp((socket) =>
      socket.once('data', (head: Buffer) => {
        tunnels.push(head.toString().split('\r\n')[0] ?? '');
        const onward = connect(target.port, '127.0.0.1', () => {
          socket.write('HTTP/1.1 200 OK\r\n\r\n');
          socket.pipe(onward).on('error', () => undefined).pipe(socket);
        });
      }),
    );
    expect(await call({ url: 'http://nowhere.invalid/x?y=1' }, { proxy: proxy.url, privateAddresses: 'deny' })).toEqual({
      status: 200,
      body: 'GET http://nowhere.invalid/x?y=1',
    });
    await expect(call({ url: 'https://nowhere.invalid/x' }, { proxy: `http://127.0.0.1:${tunnel}` })).rejects.toMatchObject({
      message: saying('certificate'),
    });
    expect(tunnels).toEqual(['CONNECT nowhere.invalid:443 HTTP/1.1']);
  });

  it('through a proxy that hangs up, refuses or wants a password fail at once and name the proxy', async () => {
    const hangup = await tcp((socket) => socket.once('data', () => socket.destroy()));
    const password = await tcp((socket) => socket.once('data', () => socket.write('HTTP/1.1 407 No\r\ncontent-length: 0\r\n\r\n')));
    const proxies = [hangup, password, await closedPort()];
    for (const port of proxies) {
      for (const url of ['http://nowhere.invalid/', 'https://nowhere.invalid/']) {
        await expect(call({ url }, { proxy: `http://127.0.0.1:${port}` })).rejects.toMatchObject({
          code: 'HTTP_NETWORK',
          message: saying(`through the proxy 127\\.0\\.0\\.1:${port}`),
        });
      }
    }
  });
});
