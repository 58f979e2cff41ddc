import { AuditLog } from './audit.js';
import { EndedRunStore } from './ended-runs.js';
import { openDatabase, type Database, type DatabaseOptions } from './database.js';
import { checkMigrated } from './migrations.js';
import { WorkflowStore } from './workflows.js';
import { ShareStore } from './workflows/sharing.js';
import { StarStore } from './workflows/stars.js';

/** All that is kept in the database. */
export interface Store {
  readonly database: Database;
  readonly workflows: WorkflowStore;
  readonly shares: ShareStore;
  readonly stars: StarStore;
  readonly audit: AuditLog;
  readonly endedRuns: EndedRunStore;
  close(): Promise<void>;
}

/**
 * Opens the store; with `migrate` its schema is brought up to date first.
 * @throws DistriError as `openDatabase`, `STORE_UNAVAILABLE`, and `STORE_NOT_MIGRATED` when the schema is not that of this program
 */
export async function openStore(options: DatabaseOptions & { readonly migrate?: boolean }): Promise<Store> {
  const database = await openDatabase(options);
  try {
    if (options.migrate === true) await database.migrate();
    checkMigrated(await database.migrationStatus());
    return storeOf(database);
  } catch (error) {
    await database.close();
    throw error;
  }
}

function storeOf(database: Database): Store {
  const { db } = database;
  return { database, workflows: new WorkflowStore(db), shares: new ShareStore(db), stars: new StarStore(db), audit: new AuditLog(db), endedRuns: new EndedRunStore(db), close: () => database.close() };
}
