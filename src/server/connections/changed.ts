import type { FastifyBaseLogger } from 'fastify';
import type { ConnectionRow } from '../../store/connections.js';
import { SHARED_OWNER } from '../../store/tables.js';
import type { ServerDeps } from '../app.js';

/** A connection was changed by a user: that is noted, and runs that are blocked for the want of it look again. */
export async function connectionChanged(
  { store, client }: Pick<ServerDeps, 'store' | 'client'>,
  { actor, action, row, log }: { actor: string; action: 'create' | 'delete'; row: ConnectionRow; log: FastifyBaseLogger },
): Promise<void> {
  const { id, skill, provider, owner, permissions } = row;
  await store.audit.record({
    actor,
    action: `connection.${action}`,
    target: `connection:${id}`,
    detail: { skill, provider, permissions, ...(owner === SHARED_OWNER ? { shared: true } : { owner }) },
  });
  // They find it by themselves, only later, when Temporal does not answer now.
  client.connectionsChanged([skill]).catch((error: unknown) => log.warn({ reason: String(error), skill }, 'Blocked runs could not be told of a connection'));
}
