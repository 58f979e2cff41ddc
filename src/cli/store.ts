import { parseEncryptionKeys } from '../secrets/encryption-keys.js';
import { openDatabase, type Database } from '../store/database.js';
import { openStore, type Store } from '../store/index.js';
import { SECRET_KEYS } from '../store/seal.js';
import type { Cleanup } from './cleanup.js';
import type { Context } from './context.js';
import { UsageError } from './errors.js';

const EXAMPLE = 'postgres://user:password@host:5432/distri';

/** The database of DATABASE_URL, whatever its schema, closed with the command. */
export async function openConfiguredDatabase(context: Context, cleanup: Cleanup): Promise<Database> {
  const database = await openDatabase({ url: databaseUrl(context) });
  cleanup.add(() => database.close());
  return database;
}

/** The store in the database of DATABASE_URL, closed with the command. */
export async function openConfiguredStore(context: Context, { migrate = false }: { migrate?: boolean }, cleanup: Cleanup): Promise<Store> {
  const { secretKeys } = context.environment;
  const keys = secretKeys === undefined ? {} : { secretKeys: parseEncryptionKeys(secretKeys, SECRET_KEYS) };
  const store = await openStore({ url: databaseUrl(context), migrate, ...keys });
  cleanup.add(() => store.close());
  return store;
}

function databaseUrl({ environment }: Context): string {
  const { databaseUrl: url } = environment;
  if (url === undefined) throw new UsageError('No database is configured', `Set DATABASE_URL, e.g. ${EXAMPLE}.`);
  if (/^postgres(ql)?:\/\//.test(url)) return url;
  // The value may hold a password.
  throw new UsageError('DATABASE_URL is not the URL of a Postgres database', `It looks like ${EXAMPLE}.`);
}
