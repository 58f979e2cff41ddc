import { parseEncryptionKeys } from '../secrets/encryption-keys.js';
import { openStore, type Store } from '../store/index.js';
import { SECRET_KEYS } from '../store/seal.js';
import type { Cleanup } from './cleanup.js';
import type { Context } from './context.js';
import { UsageError } from './errors.js';

/** The store in the database of DATABASE_URL, closed with the command. */
export async function openConfiguredStore({ environment }: Context, { migrate = false }: { migrate?: boolean }, cleanup: Cleanup): Promise<Store> {
  const { databaseUrl: url, secretKeys } = environment;
  if (url === undefined) {
    throw new UsageError('No database is configured', 'Set DATABASE_URL, e.g. postgres://user:password@host:5432/distri.');
  }
  const store = await openStore({ url, migrate, ...(secretKeys !== undefined && { secretKeys: parseEncryptionKeys(secretKeys, SECRET_KEYS) }) });
  cleanup.add(() => store.close());
  return store;
}
