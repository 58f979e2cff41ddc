import { mkdir } from 'node:fs/promises';
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';
import { lock } from 'proper-lockfile';
import { DistriError } from '../definition/errors.js';
import { storeError, throwStoreError } from './errors.js';
import { MIGRATIONS, migrationStatus, type MigrationStatus } from './migrations.js';
import { openOrBegin } from './new-database.js';
import * as tables from './tables.js';

/** What repositories work with: the same on Postgres and on PGlite, in a transaction or outside. */
export type Db = PgDatabase<PgQueryResultHKT, typeof tables>;

/** Where the store is kept: on a Postgres server, or by PGlite in a folder (in memory without one). */
export type DatabaseOptions = { readonly url: string } | { readonly folder: string | undefined };

/** An open database. */
export interface Database {
  readonly kind: 'postgres' | 'pglite';
  readonly db: Db;
  /** Brings the schema up to date; safe when several processes do so at once. Gives how many migrations were applied. */
  migrate(): Promise<number>;
  /** Which migrations the schema has and lacks. */
  migrationStatus(): Promise<MigrationStatus>;
  /** Throws DistriError `STORE_UNAVAILABLE` when the database does not answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** Key of the advisory lock under which one process at a time migrates. */
const MIGRATION_LOCK = 0x6469_7374;
const CONNECT_TIMEOUT_MS = 5_000;
const STATEMENT_TIMEOUT_MS = 30_000;
const MAX_CONNECTIONS = 10;
/** The lock of a process that was killed counts as left behind after that long. */
const STALE_LOCK_MS = 6_000;

/**
 * Opens a database; no statement is sent before the first use.
 * @throws DistriError `DATA_IN_USE` when another process has the folder
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  return 'url' in options ? openPostgres(options) : openPglite(options.folder);
}

async function openPostgres({ url }: { url: string }): Promise<Database> {
  const [{ default: pg }, { drizzle }, { migrate }] = await Promise.all([
    import('pg'),
    import('drizzle-orm/node-postgres'),
    import('drizzle-orm/node-postgres/migrator'),
  ]);
  const pool = new pg.Pool({
    connectionString: url,
    max: MAX_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    application_name: 'distri-workflow',
  });
  // An idle connection that breaks is replaced at the next use, which tells whether the server is there.
  pool.on('error', () => undefined);
  const db = drizzle(pool, { schema: tables });
  return {
    kind: 'postgres',
    db,
    async migrate() {
      const client = await pool.connect().catch(throwStoreError);
      try {
        // Another process may migrate for as long as it takes.
        await client.query('set statement_timeout = 0');
        await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
        const own = drizzle(client, { schema: tables });
        return await applied(own, () => migrate(own, { migrationsFolder: MIGRATIONS }));
      } catch (error) {
        throw storeError(error);
      } finally {
        // Closing the connection gives back the lock, whatever happened.
        client.release(true);
      }
    },
    migrationStatus: () => migrationStatus(db).catch(throwStoreError),
    ping: async () => void (await db.execute('select 1').catch(throwStoreError)),
    close: () => pool.end(),
  };
}

async function openPglite(folder: string | undefined): Promise<Database> {
  const release = folder === undefined ? async () => undefined : await lockFolder(folder);
  try {
    const [{ PGlite }, { drizzle }, { migrate }] = await Promise.all([
      import('@electric-sql/pglite'),
      import('drizzle-orm/pglite'),
      import('drizzle-orm/pglite/migrator'),
    ]);
    const client = await openOrBegin((created) => PGlite.create(created), folder);
    const db = drizzle(client, { schema: tables });
    return {
      kind: 'pglite',
      db,
      migrate: () => applied(db, () => migrate(db, { migrationsFolder: MIGRATIONS })),
      migrationStatus: () => migrationStatus(db).catch(throwStoreError),
      ping: async () => void (await db.execute('select 1').catch(throwStoreError)),
      async close() {
        await client.close();
        await release();
      },
    };
  } catch (error) {
    await release();
    throw error;
  }
}

/** PGlite itself does not refuse a folder that is open in another process, and would damage it. */
async function lockFolder(folder: string): Promise<() => Promise<void>> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  try {
    return await lock(folder, {
      stale: STALE_LOCK_MS,
      retries: { retries: 4, factor: 1, minTimeout: STALE_LOCK_MS / 3 },
      onCompromised: (error) => process.emitWarning(`The lock of ${folder} was lost: ${error.message}`),
    });
  } catch (error) {
    throw new DistriError('DATA_IN_USE', `Another process uses the database in ${folder}`, {
      cause: error,
      hint: 'Stop the other process, or give this one another folder with --folder.',
    });
  }
}

async function applied(db: Db, migrate: () => Promise<void>): Promise<number> {
  const { applied: before } = await migrationStatus(db);
  await migrate();
  return (await migrationStatus(db)).applied - before;
}
