import { inArray, lt, or } from 'drizzle-orm';
import type { Db } from './database.js';
import { apiTokens, auditLog, endedRuns } from './tables.js';

/** Rows of a table that are removed at once. */
const BATCH = 500;

/**
 * Removes what was over before `time`, a batch of each: runs that ended, entries of the audit log, and tokens that were revoked or
 * expired. Those that are left are for the next call.
 */
export async function forgetBefore(db: Db, time: Date): Promise<void> {
  const runs = db.select({ id: endedRuns.runId }).from(endedRuns).where(lt(endedRuns.completedAt, time)).orderBy(endedRuns.completedAt).limit(BATCH);
  await db.delete(endedRuns).where(inArray(endedRuns.runId, runs));
  const entries = db.select({ id: auditLog.id }).from(auditLog).where(lt(auditLog.at, time)).orderBy(auditLog.at).limit(BATCH);
  await db.delete(auditLog).where(inArray(auditLog.id, entries));
  const tokens = db.select({ id: apiTokens.id }).from(apiTokens).where(or(lt(apiTokens.revokedAt, time), lt(apiTokens.expiresAt, time))).limit(BATCH);
  await db.delete(apiTokens).where(inArray(apiTokens.id, tokens));
}
