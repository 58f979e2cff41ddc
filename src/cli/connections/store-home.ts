import { checkedConnection } from '../../activities/connections-schema.js';
import { revokeAccount } from '../../connections/revoke.js';
import { messageOf } from '../../definition/text.js';
import { shownConnection } from '../../server/connections/shown.js';
import { SHARED_OWNER } from '../../store/tables.js';
import type { Cleanup } from '../cleanup.js';
import type { Context } from '../context.js';
import { openOAuth } from '../oauth.js';
import { openConfiguredStore } from '../store.js';
import type { ConnectionHome } from './home.js';
import { masked } from './masked.js';

/** The connections of a user in the database, or those that everybody's runs may use. */
export async function openStoreHome(context: Context, user: string | undefined, cleanup: Cleanup): Promise<ConnectionHome> {
  const { connections } = await openConfiguredStore(context, {}, cleanup);
  const owner = user ?? SHARED_OWNER;
  return {
    place: `the database for ${user ?? 'everybody'}`,
    document: user === undefined ? { shared: true } : { owner: user },
    list: async () =>
      (await connections.list(owner)).map((row) => {
        const shown = shownConnection(row, connections);
        return { ...shown, secrets: masked(shown.secrets), headers: masked(shown.headers) };
      }),
    async add(connection) {
      const { skill, permissions, env, hosts, secrets, headers, expires_at } = checkedConnection(connection);
      const expiresAt = expires_at === undefined ? undefined : new Date(expires_at);
      await connections.put({ owner, skill, provider: 'custom', permissions, env, hosts, expiresAt, credentials: { secrets, headers } });
    },
    async remove(skill) {
      const row = await connections.remove(skill, owner);
      if (row === undefined) return false;
      const oauth = await openOAuth(context.environment);
      await revokeAccount({ connections, oauth }, row).catch((error: unknown) => {
        const reason = messageOf(error);
        context.terminal.say(`${context.terminal.color.yellow('warning')}: the provider could not be told that the account is used no more: ${reason}`);
      });
      return true;
    },
  };
}
