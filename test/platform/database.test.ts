import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/store/database.js';
import { isDataException, storeError } from '../../src/store/errors.js';
import { openStore } from '../../src/store/index.js';
import { sharedPostgres } from '../support/postgres.js';

const postgres = sharedPostgres();

/** The key of the lock under which one process at a time migrates. */
const MIGRATION_LOCK = 0x6469_7374;

describe('an error of Postgres', () => {
  it.each(['57014', '40P01', '25006', '57P01', '53300'])('with the code %s says: not now', async (code) => {
    const database = await openDatabase({ url: await postgres().create('codes') });
    const thrown: unknown = await database.db.execute(sql.raw(`do $$ begin raise exception 'raised' using errcode = '${code}'; end $$`)).catch((error: unknown) => error);
    expect(storeError(thrown)).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await database.close();
  });

  it('about a value says that, and nothing of an outage', async () => {
    const database = await openDatabase({ url: await postgres().create('values') });
    for (const value of [`3000000000::bigint::integer`, `'0000-01-01T00:00:00Z'::timestamptz`]) {
      const thrown: unknown = await database.db.execute(sql.raw(`select ${value}`)).catch((error: unknown) => error);
      expect(isDataException(thrown)).toBe(true);
      expect(storeError(thrown)).toBe(thrown);
    }
    await database.close();
  });

  it('that a statement took too long is an outage', async () => {
    const database = await openDatabase({ url: `${await postgres().create('slow')}?statement_timeout=200` });
    const thrown: unknown = await database.db.execute(sql`select pg_sleep(10)`).catch((error: unknown) => error);
    expect(storeError(thrown)).toMatchObject({ code: 'STORE_UNAVAILABLE', message: expect.stringContaining('statement timeout') as string });
    await database.close();
  });
});

describe('a migration', () => {
  it('waits for another process longer than any other statement may take', async () => {
    const url = await postgres().create('waiting');
    const other = new pg.Client({ connectionString: url });
    await other.connect();
    await other.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    const opened = openStore({ url: `${url}?statement_timeout=300`, migrate: true });
    const early = await Promise.race([opened.then(() => 'migrated', String), sleep(1_500, 'waits')]);
    expect(early).toBe('waits');
    await other.end();
    const store = await opened;
    expect((await store.database.migrationStatus()).pending).toEqual([]);
    await store.close();
  });
});
