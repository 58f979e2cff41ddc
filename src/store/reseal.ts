import { and, eq, gt, sql } from 'drizzle-orm';
import type { Db } from './database.js';
import type { Sealer } from './seal.js';
import { connections, oauthStates } from './tables.js';

/** What was encrypted anew. */
export interface Rotation {
  readonly changed: number;
  /** How many secrets still need another key than the newest: a process goes on encrypting with it. */
  readonly left: number;
}

/** What a process with an older first key wrote meanwhile is found by the next look; one that never stops is told. */
const MOST_LOOKS = 5;

/**
 * Encrypts everything that an older key encrypted with the newest one, until nothing is found that needs an older key. It may be
 * called while everything runs, and again when it was interrupted.
 *
 * @throws DistriError `BAD_SECRET_KEY` when a row's key is not there; the other rows are changed all the same
 */
export async function reseal(db: Db, sealer: Sealer): Promise<Rotation> {
  let changed = 0;
  for (let look = 1; ; look += 1) {
    const { found, replaced } = await resealFound(await sealedRows(db), sealer);
    changed += replaced;
    if (found === 0 || look === MOST_LOOKS) return { changed, left: found - replaced };
  }
}

interface SealedRow {
  readonly id: string;
  readonly sealed: string;
  /** False: it is another text by now, or gone. */
  readonly replace: (again: string) => Promise<boolean>;
}

async function sealedRows(db: Db): Promise<SealedRow[]> {
  const ofConnections = await db.select({ id: connections.id, sealed: connections.sealed }).from(connections);
  const ofStates = await db.select({ id: oauthStates.stateHash, sealed: oauthStates.sealed }).from(oauthStates).where(gt(oauthStates.expiresAt, sql`now()`));
  return [
    ...ofConnections.map(({ id, sealed }) => ({
      id,
      sealed,
      replace: async (again: string) =>
        (await db.update(connections).set({ sealed: again }).where(and(eq(connections.id, id), eq(connections.sealed, sealed))).returning({ id: connections.id })).length > 0,
    })),
    ...ofStates.map(({ id, sealed }) => ({
      id,
      sealed,
      replace: async (again: string) =>
        (await db.update(oauthStates).set({ sealed: again }).where(eq(oauthStates.stateHash, id)).returning({ id: oauthStates.stateHash })).length > 0,
    })),
  ];
}

/** `found`: how many needed another key. */
async function resealFound(rows: readonly SealedRow[], sealer: Sealer): Promise<{ found: number; replaced: number }> {
  let found = 0;
  let replaced = 0;
  const failures: unknown[] = [];
  for (const { id, sealed, replace } of rows) {
    let again: string | undefined;
    try {
      again = sealer.reseal(sealed, id);
    } catch (error) {
      failures.push(error);
      continue;
    }
    if (again === undefined) continue;
    found += 1;
    if (await replace(again)) replaced += 1;
  }
  if (failures.length > 0) throw failures[0];
  return { found, replaced };
}
