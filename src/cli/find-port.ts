import { createServer } from 'node:net';
import { DistriError } from '../definition/errors.js';

const LOOPBACK = '127.0.0.1';

function listenOnce(port: number, host: string): Promise<number> {
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

function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EADDRINUSE' || error.code === 'EACCES');
}

/**
 * Checks that a port which somebody chose can be listened on.
 * @param what what the port is for, e.g. `the Temporal server`
 * @throws DistriError `PORT_IN_USE` naming the port, or that it may not be used.
 */
export async function assertPortFree(port: number, what: string, host = LOOPBACK): Promise<void> {
  try {
    await listenOnce(port, host);
  } catch (error) {
    if (!isTaken(error)) throw error;
    throw new DistriError('PORT_IN_USE', `Port ${port} of ${host}, wanted for ${what}, is taken or may not be used`, {
      cause: error,
      hint: 'Stop the program that listens there, or choose another port.',
    });
  }
}
