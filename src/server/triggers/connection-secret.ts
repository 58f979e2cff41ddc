import type { ConnectionStore } from '../../store/connections.js';

/**
 * The secret by which deliveries to a webhook prove themselves: that of the connection with this skill or id, the owner's own
 * or else the shared one. It is the one named `webhook_secret`, else `secret`, in any case; else the only one. Undefined: there is none.
 */
export async function connectionSecret(connections: Pick<ConnectionStore, 'list' | 'open'>, owner: string, connectionId: string): Promise<string | undefined> {
  const row = (await connections.list(owner)).find(({ id, skill }) => skill === connectionId || id === connectionId);
  if (row === undefined || row.status === 'broken') return undefined;
  const secrets = Object.entries(connections.open(row).secrets);
  const named = (wanted: string): string | undefined => secrets.find(([name]) => name.toLowerCase() === wanted)?.[1];
  return named('webhook_secret') ?? named('secret') ?? (secrets.length === 1 ? secrets[0]?.[1] : undefined);
}
