import { createServer } from 'node:net';

const LOOPBACK = '127.0.0.1';

/** Listens for a moment and gives the port; rejects with the system's error when that cannot be. */
export function listenOnce(port: number, host = LOOPBACK): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port, host, exclusive: true }, () => {
      const address = server.address();
      const taken = typeof address === 'object' && address !== null ? address.port : port;
      server.close(() => resolve(taken));
    });
  });
}

/** A TCP port that was free a moment ago. Another process may take it before it is used. */
export function findFreePort(host = LOOPBACK): Promise<number> {
  return listenOnce(0, host);
}
