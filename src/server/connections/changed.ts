import type { FastifyBaseLogger } from 'fastify';
import type { AuditLog } from '../../store/audit.js';
import type { ConnectionRow } from '../../store/connections.js';
import { SHARED_OWNER } from '../../store/tables.js';
import type { ServerDeps } from '../app.js';

/** What was done to a connection, and by whom. */
export interface ConnectionChange {
  readonly actor: string;
  readonly action: 'create' | 'delete';
  readonly row: ConnectionRow;
}

/** A connection was changed by a user: that is noted, and runs that are blocked for the want of it look again. */
export async function connectionChanged({ store, client }: Pick<ServerDeps, 'store' | 'client'>, { log, ...change }: ConnectionChange & { log: FastifyBaseLogger }): Promise<void> {
  await recordChange(store.audit, change);
  const { skill } = change.row;
  // They find it by themselves, only later, when Temporal does not answer now.
  client.connectionsChanged([skill]).catch((error: unknown) => log.warn({ reason: String(error), skill }, 'Blocked runs could not be told of a connection'));
}

/** Notes a change of a connection in the audit log. */
export async function recordChange(audit: AuditLog, { actor, action, row }: ConnectionChange): Promise<void> {
  const { id, skill, provider, owner, permissions } = row;
  await audit.record({
    actor,
    action: `connection.${action}`,
    target: `connection:${id}`,
    detail: { skill, provider, permissions, ...(owner === SHARED_OWNER ? { shared: true } : { owner }) },
  });
}
