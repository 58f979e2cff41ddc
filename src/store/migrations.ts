import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sql } from 'drizzle-orm';
import { z } from 'zod';
import { DistriError } from '../definition/errors.js';
import type { Db } from './database.js';

export const MIGRATIONS = fileURLToPath(new URL('../../migrations', import.meta.url));

/** How the schema of a database stands to this version of the program. */
export interface MigrationStatus {
  /** How many migrations were applied. */
  readonly applied: number;
  /** Names of those that are to come. */
  readonly pending: readonly string[];
  /** How many were applied that only a newer version of the program knows. */
  readonly unknown: number;
}

const journalSchema = z.object({ entries: z.array(z.object({ when: z.number(), tag: z.string() })) });

/** Reads which migrations a database has. */
export async function migrationStatus(db: Db): Promise<MigrationStatus> {
  const journal = journalSchema.parse(JSON.parse(await readFile(join(MIGRATIONS, 'meta', '_journal.json'), 'utf8')));
  const done = await appliedAt(db);
  const newest = Math.max(0, ...done);
  const known = new Set(journal.entries.map(({ when }) => when));
  return {
    applied: done.length,
    // As the migrator decides it.
    pending: journal.entries.filter(({ when }) => when > newest).map(({ tag }) => tag),
    unknown: done.filter((when) => !known.has(when)).length,
  };
}

/**
 * A schema of a newer program is warned of: migrations only add, so this one goes on, also when it is started again.
 * @throws DistriError `STORE_NOT_MIGRATED` when the schema lacks what this version of the program needs
 */
export function checkMigrated({ pending, unknown }: MigrationStatus, warn: (message: string) => void = (message) => process.emitWarning(message)): void {
  if (unknown > 0) warn(`The schema of the database is newer than this program: it has ${unknown} changes that are unknown here. Finish the upgrade, or the way back.`);
  if (pending.length > 0) {
    throw new DistriError('STORE_NOT_MIGRATED', `The schema of the database is not up to date: it lacks ${pending.join(', ')}`, { hint: 'Run `distri-workflow db migrate`.' });
  }
}

/** The times by which the migrator knows what it has applied. */
async function appliedAt(db: Db): Promise<number[]> {
  const table = 'drizzle.__drizzle_migrations';
  const { rows } = (await db.execute(sql`select to_regclass(${table}) is not null as there`)) as { rows: { there: boolean }[] };
  if (rows[0]?.there !== true) return [];
  const done = (await db.execute(sql.raw(`select created_at from ${table}`))) as { rows: { created_at: string | number }[] };
  return done.rows.map((row) => Number(row.created_at));
}
