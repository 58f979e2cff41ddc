import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server as NetServer, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** One server of a test, on every loopback address so that `127.0.0.1` and `localhost` are two hosts of it. */
export interface TestServer {
  port: number;
  /** `http://127.0.0.1:<port>` */
  url: string;
  /** The same server under another host name. */
  otherHost: string;
  requests: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[];
  /** Connections made so far, and those open now. */
  connections: { made: number; open: number };
  close(): Promise<void>;
}

/** Starts an HTTP server; each request is recorded with its body before `answer` runs. */
export async function serve(answer: RequestListener): Promise<TestServer> {
  const requests: TestServer['requests'] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString('utf8')));
    request.on('end', () => {
      requests.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body });
      answer(request, response);
    });
  });
  return { ...(await listening(server, 'http')), requests };
}

/** Starts an HTTPS server with a certificate that nobody has signed but itself. */
export async function serveSelfSigned(answer: RequestListener): Promise<Omit<TestServer, 'requests'>> {
  const folder = mkdtempSync(join(tmpdir(), 'distri-tls-'));
  try {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
    const args = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-keyout', key, '-out', cert, ...subject];
    execFileSync('openssl', args, { stdio: 'pipe' });
    return await listening(createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }, answer), 'https');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function listening(server: Server, scheme: string): Promise<Omit<TestServer, 'requests'>> {
  const connections = { made: 0, open: 0 };
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    connections.made += 1;
    connections.open = sockets.add(socket).size;
    socket.on('close', () => {
      sockets.delete(socket);
      connections.open = sockets.size;
    });
  });
  const port = await listen(server);
  return {
    port,
    url: `${scheme}://127.0.0.1:${port}`,
    otherHost: `${scheme}://localhost:${port}`,
    connections,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}

/** Listens on a free port of all loopback addresses that the machine has. */
export async function listen(server: NetServer): Promise<number> {
  await new Promise<void>((done, fail) => server.once('error', fail).listen(0, done));
  return (server.address() as AddressInfo).port;
}
