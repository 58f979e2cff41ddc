import type { EncryptionKey } from '../secrets/encryption-keys.js';
import { AuditLog } from './audit.js';
import { ConnectionStore } from './connections.js';
import { openDatabase, type Database, type DatabaseOptions } from './database.js';
import { EndedRunStore } from './ended-runs.js';
import { checkMigrated } from './migrations.js';
import { OAuthStateStore } from './oauth-states.js';
import { reseal, type Rotation } from './reseal.js';
import { forgetBefore } from './retention.js';
import { Sealer } from './seal.js';
import { TokenStore } from './tokens.js';
import { TriggerStore } from './triggers.js';
import { WorkflowStore } from './workflows.js';
import { ShareStore } from './workflows/sharing.js';
import { StarStore } from './workflows/stars.js';

/** All that is kept in the database. */
export interface Store {
  readonly database: Database;
  readonly workflows: WorkflowStore;
  readonly shares: ShareStore;
  readonly stars: StarStore;
  readonly triggers: TriggerStore;
  readonly connections: ConnectionStore;
  readonly oauthStates: OAuthStateStore;
  readonly tokens: TokenStore;
  readonly endedRuns: EndedRunStore;
  readonly audit: AuditLog;
  /** Encrypts all secrets with the newest key; see `reseal`. */
  rotateKeys(): Promise<Rotation>;
  /** Removes some of what was over before that time; see `forgetBefore`. */
  forgetBefore(time: Date): Promise<void>;
  close(): Promise<void>;
}

export interface StoreOptions {
  /** Bring the schema up to date first. */
  readonly migrate?: boolean;
  /** Keys of the secrets of connections: the first encrypts, each decrypts. Without them there is nothing secret to read or store. */
  readonly secretKeys?: readonly EncryptionKey[];
}

/**
 * Opens the store.
 * @throws DistriError as `openDatabase`, `USAGE` for keys that cannot be used, `STORE_UNAVAILABLE`, and `STORE_NOT_MIGRATED` when
 *   the schema is older than this program
 */
export async function openStore(options: DatabaseOptions & StoreOptions): Promise<Store> {
  const sealer = new Sealer(options.secretKeys);
  const database = await openDatabase(options);
  try {
    if (options.migrate === true) await database.migrate();
    checkMigrated(await database.migrationStatus());
    return storeOf(database, sealer);
  } catch (error) {
    await database.close();
    throw error;
  }
}

function storeOf(database: Database, sealer: Sealer): Store {
  const { db } = database;
  return {
    database,
    workflows: new WorkflowStore(db),
    shares: new ShareStore(db),
    stars: new StarStore(db),
    triggers: new TriggerStore(db),
    connections: new ConnectionStore(db, sealer),
    oauthStates: new OAuthStateStore(db, sealer),
    tokens: new TokenStore(db),
    endedRuns: new EndedRunStore(db),
    audit: new AuditLog(db),
    rotateKeys: () => reseal(db, sealer),
    forgetBefore: (time) => forgetBefore(db, time),
    close: () => database.close(),
  };
}
