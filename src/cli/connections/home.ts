import { FileConnections, type NewConnection } from '../../activities/connections-file.js';
import { isUserId } from '../../server/identity.js';
import type { Cleanup } from '../cleanup.js';
import type { HomeFlags } from '../commands/connections.js';
import type { Context } from '../context.js';
import { UsageError } from '../errors.js';
import { masked, type MaskedConnection } from './masked.js';
import { connectionsFile, usesFile } from './path.js';

/** Where the commands keep connections. */
export interface ConnectionHome {
  /** As a sentence names it. */
  readonly place: string;
  /** As `--json` names it. */
  readonly document: object;
  list(): Promise<MaskedConnection[]>;
  /** Adds a connection, or replaces the one of its skill. Throws `BAD_SKILL`, `BAD_HEADER`, `WRONG_TYPE`. */
  add(connection: NewConnection): Promise<void>;
  /** False: there was none. */
  remove(skill: string): Promise<boolean>;
}

/** The database, when there is one and no file is named; else the file. What it opens is closed with the command. */
export async function openHome(context: Context, { connections, owner }: HomeFlags, cleanup: Cleanup): Promise<ConnectionHome> {
  if (owner !== undefined && !isUserId(owner)) throw new UsageError(`--owner is '${owner}': that cannot name a user`);
  if (!usesFile(context, connections)) return (await import('./store-home.js')).openStoreHome(context, owner, cleanup);
  if (owner !== undefined) throw new UsageError('--owner is about the connections of a database, and those of a file have no owners', 'Set DATABASE_URL, and name no connections file.');
  return fileHome(connectionsFile(context, connections));
}

function fileHome(file: string): ConnectionHome {
  const source = new FileConnections(file);
  return {
    place: file,
    document: { file },
    list: async () => (await source.list()).map((each) => ({ ...each, secrets: masked(Object.keys(each.secrets)), headers: masked(Object.keys(each.headers)) })),
    add: (connection) => source.add(connection),
    remove: (skill) => source.remove(skill),
  };
}
