import type { ConnectionStore } from '../../store/connections.js';

/** Names that the secret of a webhook has in its connection, first one first. */
const NAMES = ['webhook_secret', 'secret'];

/**
 * The secret by which deliveries to a webhook prove themselves: that of the connection with this skill or id, the owner's own
 * or else the shared one. A connection's only secret may have any name. Undefined: there is none.
 */
export async function connectionSecret(connections: ConnectionStore, owner: string, connectionId: string): Promise<string | undefined> {
  const row = (await connections.list(owner)).find(({ id, skill }) => skill === connectionId || id === connectionId);
  if (row === undefined || row.status === 'broken') return undefined;
  const { secrets } = connections.open(row);
  const named = NAMES.find((name) => Object.hasOwn(secrets, name));
  if (named !== undefined) return secrets[named];
  const [only, ...others] = Object.values(secrets);
  return others.length === 0 ? only : undefined;
}
