import type { SecretOf } from './webhook-auth.js';

/** Stored connections, as far as their secrets are concerned. */
interface Connections<Row extends { readonly id: string; readonly skill: string }> {
  /** The owner's own before those that are shared with all. */
  list(owner: string): Promise<readonly Row[]>;
  open(row: Row): { readonly secrets: { readonly [name: string]: string } };
}

/** The secrets of webhooks out of the stored connections. */
export function secretsOf<Row extends { readonly id: string; readonly skill: string }>(connections: Connections<Row>): SecretOf {
  return async (owner, connectionId) => {
    const row = (await connections.list(owner)).find(({ id, skill }) => skill === connectionId || id === connectionId);
    return row && secretAmong(connections.open(row).secrets);
  };
}

/** The one named `webhook_secret`, else `secret`, in any case; else the only one. */
function secretAmong(secrets: { readonly [name: string]: string }): string | undefined {
  const all = Object.entries(secrets);
  const named = (wanted: string): string | undefined => all.find(([name]) => name.toLowerCase() === wanted)?.[1];
  return named('webhook_secret') ?? named('secret') ?? (all.length === 1 ? all[0]?.[1] : undefined);
}
