import type { ConnectionStore } from '../../store/connections.js';
import type { SecretOf } from './webhook-auth.js';

/** Names that the secret of a webhook has in its connection, first one first. */
const NAMES = ['webhook_secret', 'secret'];

/** Reads the secrets of webhooks from connections: the owner's own, else the shared one. A connection's only secret needs no name. */
export function connectionSecrets(connections: ConnectionStore): SecretOf {
  return async (owner, connectionId) => {
    const row = (await connections.list(owner)).find(({ id, skill }) => skill === connectionId || id === connectionId);
    if (row === undefined || row.status === 'broken') return undefined;
    const { secrets } = connections.open(row);
    const named = NAMES.find((name) => Object.hasOwn(secrets, name));
    if (named !== undefined) return secrets[named];
    const [only, ...others] = Object.values(secrets);
    return others.length === 0 ? only : undefined;
  };
}
