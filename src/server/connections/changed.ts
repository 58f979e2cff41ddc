import type { FastifyBaseLogger } from 'fastify';
import type { ServerDeps } from '../app.js';

/** Tells runs that are blocked for the want of a connection that it was changed. Nobody waits for that. */
export function tellBlockedRuns({ client }: Pick<ServerDeps, 'client'>, skill: string, log: FastifyBaseLogger): void {
  // They find it by themselves, only later, when Temporal does not answer now.
  client.connectionsChanged([skill]).catch((error: unknown) => log.warn({ reason: String(error), skill }, 'Blocked runs could not be told of a connection'));
}
