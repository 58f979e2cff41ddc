import type { FastifyReply } from 'fastify';
import { DistriError } from '../definition/errors.js';

/** Aborted when who asked has left, or has been answered: nothing need be done for them any more. */
export function goneOf({ raw }: FastifyReply): AbortSignal {
  const gone = new AbortController();
  // No defect of the server, as which any other error would be logged.
  raw.once('close', () => gone.abort(new DistriError('BAD_REQUEST', 'Who asked has left before the answer')));
  return gone.signal;
}
