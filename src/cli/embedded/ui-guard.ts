import { once } from 'node:events';
import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http';
import { randomInt } from 'node:crypto';
import { pipeline } from 'node:stream';
import { isFromElsewhere, isLoopbackHeader } from '../../definition/loopback.js';
import { findFreePort } from '../find-port.js';

export interface UiAddress {
  readonly host: string;
  readonly port: number;
}

/**
 * Where the Web UI itself listens: it answers to whatever name it is called by, so a page that rebinds a name of its own to this machine
 * could read all runs. On Linux it is one of the 16 million loopback addresses, which no page can find by trying; undefined elsewhere,
 * where they are not there.
 */
export async function hiddenAddress(): Promise<UiAddress | undefined> {
  if (process.platform !== 'linux') return undefined;
  const host = `127.${randomInt(1, 255)}.${randomInt(1, 255)}.${randomInt(1, 255)}`;
  return { host, port: await findFreePort(host) };
}

/** Lets people of this machine through to the Web UI, and no page of another site. @throws the system's error when it cannot listen */
export async function guardUi(at: UiAddress, ui: UiAddress): Promise<{ close: () => void }> {
  const server = createServer((request, response) => {
    if (!isLoopbackHeader(request.headers.host)) return refuse(response, 'This server answers to names of this machine only\n');
    const { method, headers } = request;
    const isFollowed = method === 'GET' && headers.origin === undefined;
    if (!isFollowed && isFromElsewhere(headers, (origin) => origin === `http://${headers.host ?? ''}`)) return refuse(response, 'A page of another site may not ask this\n');
    pass(ui, request, response);
  });
  server.listen(at.port, at.host);
  await once(server, 'listening');
  return {
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function refuse(response: ServerResponse, why: string, status = 403): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(why);
}

function pass({ host, port }: UiAddress, request: IncomingMessage, response: ServerResponse): void {
  const { method, url, headers } = request;
  const inner = forward({ host, port, method, path: url, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    pipeline(answer, response, () => undefined);
  });
  inner.on('error', () => (response.headersSent ? response.destroy() : refuse(response, 'The Temporal Web UI does not answer\n', 502)));
  response.on('close', () => inner.destroy());
  pipeline(request, inner, () => undefined);
}
