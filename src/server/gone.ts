import type { FastifyReply } from 'fastify';

/** Aborted when who asked has left, or has been answered: nothing need be done for them any more. */
export function goneOf({ raw }: FastifyReply): AbortSignal {
  const gone = new AbortController();
  raw.once('close', () => gone.abort());
  return gone.signal;
}
