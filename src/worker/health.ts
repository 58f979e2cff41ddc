import { createServer, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { DistriError } from '../definition/errors.js';
import { httpUrl } from '../definition/http-url.js';
import { isLoopbackHeader, isLoopbackHost } from '../definition/loopback.js';
import { messageOf } from '../definition/text.js';

/** What the health server tells; each is asked at each request. */
export interface HealthChecks {
  /** Why the worker is not ready; undefined: it is. */
  notReady(): Promise<string | undefined>;
  /** Prometheus text. */
  metrics(): Promise<string>;
}

export interface HealthServer {
  /** e.g. `http://127.0.0.1:9464` */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves `/healthz` (the process is alive), `/readyz` (200 or 503 with the reason) and `/metrics`. Port 0 takes a free one.
 * @throws DistriError `PORT_IN_USE`
 */
export async function startHealthServer(at: { host: string; port: number }, checks: HealthChecks): Promise<HealthServer> {
  const ownOnly = isLoopbackHost(at.host);
  const server = createServer((request, response) => {
    if (ownOnly && !isLoopbackHeader(request.headers.host)) return send(response, 403, 'This server answers to names of this machine only\n');
    void answer(request.url ?? '/', response, checks).catch((error: unknown) => {
      send(response, 500, `${messageOf(error)}\n`);
    });
  });
  server.listen(at.port, at.host);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new DistriError('PORT_IN_USE', `The health and metrics server cannot listen on ${at.host}:${at.port}: ${String(error)}`, {
      cause: error,
      hint: 'Choose another port for the metrics, or stop the program that has it.',
    });
  }
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : at.port;
  return {
    url: httpUrl(at.host, port),
    async close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function send(response: ServerResponse, status: number, body: string, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, { 'content-type': type }).end(body);
}

async function answer(url: string, response: ServerResponse, checks: HealthChecks): Promise<void> {
  switch (url.split('?')[0]) {
    case '/healthz':
      return send(response, 200, 'alive\n');
    case '/readyz': {
      const reason = await checks.notReady();
      return reason === undefined ? send(response, 200, 'ready\n') : send(response, 503, `${reason}\n`);
    }
    case '/metrics':
      return send(response, 200, await checks.metrics(), 'text/plain; version=0.0.4; charset=utf-8');
    default:
      return send(response, 404, 'This server has /healthz, /readyz and /metrics\n');
  }
}
