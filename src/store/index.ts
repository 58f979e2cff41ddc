import { AuditLog } from './audit.js';
import { openDatabase, type Database, type DatabaseOptions } from './database.js';
import { TriggerStore } from './triggers.js';
import { WorkflowStore } from './workflows.js';

/** All that is kept in the database. */
export interface Store {
  readonly database: Database;
  readonly workflows: WorkflowStore;
  readonly triggers: TriggerStore;
  readonly audit: AuditLog;
  close(): Promise<void>;
}

/** Opens the store; with `migrate` its schema is brought up to date first. Throws as `openDatabase`. */
export async function openStore(options: DatabaseOptions & { readonly migrate?: boolean }): Promise<Store> {
  const database = await openDatabase(options);
  try {
    if (options.migrate === true) await database.migrate();
    return storeOf(database);
  } catch (error) {
    await database.close();
    throw error;
  }
}

function storeOf(database: Database): Store {
  const { db } = database;
  return { database, workflows: new WorkflowStore(db), triggers: new TriggerStore(db), audit: new AuditLog(db), close: () => database.close() };
}
