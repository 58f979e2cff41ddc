import { DistriError } from '../definition/errors.js';
import { listenOnce } from '../worker/free-port.js';

export { findFreePort } from '../worker/free-port.js';

const LOOPBACK = '127.0.0.1';

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
