import type { ConnectionRow, ConnectionStore } from '../store/connections.js';
import type { OAuthClient } from './oauth.js';

/**
 * Tells the provider that an account is used no more; of a connection without one there is nothing to tell.
 * @throws DistriError `BAD_SECRET_KEY`, and as `OAuthClient.revoke`
 */
export async function revokeAccount({ connections, oauth }: { connections: ConnectionStore; oauth: OAuthClient }, row: ConnectionRow): Promise<void> {
  const { refreshToken } = connections.open(row);
  if (refreshToken !== undefined) await oauth.revoke(oauth.providers.get(row.provider), refreshToken);
}
