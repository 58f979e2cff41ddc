import { and, eq } from 'drizzle-orm';
import type { Db } from './database.js';
import type { Sealer } from './seal.js';
import { connections, oauthStates } from './tables.js';

/**
 * Encrypts everything that an older key encrypted with the newest one; then the older keys are no longer needed. It may be
 * called while everything runs, and again when it was interrupted. Gives how many rows it changed.
 *
 * @throws DistriError `BAD_SECRET_KEY` at a row whose key is not there; the rows before it stay changed
 */
export async function reseal(db: Db, sealer: Sealer): Promise<number> {
  let changed = 0;
  for (const { id, sealed } of await db.select({ id: connections.id, sealed: connections.sealed }).from(connections)) {
    const again = sealer.reseal(sealed, id);
    if (again === undefined) continue;
    // A connection that was renewed meanwhile is left as it is: it was sealed with the newest key, or is the next call's.
    const done = await db.update(connections).set({ sealed: again }).where(and(eq(connections.id, id), eq(connections.sealed, sealed))).returning({ id: connections.id });
    changed += done.length;
  }
  for (const { id, sealed } of await db.select({ id: oauthStates.stateHash, sealed: oauthStates.sealed }).from(oauthStates)) {
    const again = sealer.reseal(sealed, id);
    if (again === undefined) continue;
    const done = await db.update(oauthStates).set({ sealed: again }).where(eq(oauthStates.stateHash, id)).returning({ id: oauthStates.stateHash });
    changed += done.length;
  }
  return changed;
}
