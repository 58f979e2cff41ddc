import { join, resolve } from 'node:path';
import type { Context } from '../context.js';

/** The connections file: that of the flag, of DISTRI_CONNECTIONS, else `connections.json` in the folder. */
export function connectionsFile({ environment, folder }: Context, flag: string | undefined): string {
  return resolve(flag ?? environment.connectionsFile ?? join(folder, 'connections.json'));
}

/** With a database, connections are in it, and in a file only when one is named. */
export function usesFile({ environment }: Context, flag: string | undefined): boolean {
  return environment.databaseUrl === undefined || flag !== undefined || environment.connectionsFile !== undefined;
}
