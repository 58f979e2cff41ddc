import { join } from 'node:path';
import { pino } from 'pino';
import type { DistriClient } from '../client/index.js';
import type { OAuthClient } from '../connections/oauth.js';
import { DistriError } from '../definition/errors.js';
import { DEFAULT_SETTINGS, RECORD_EVERY_MS } from '../server/app.js';
import { authenticateLocal } from '../server/identity.js';
import { openStore, type Store } from '../store/index.js';
import { startApi } from './api.js';
import type { Cleanup } from './cleanup.js';
import type { Context } from './context.js';
import { findFreePort } from './find-port.js';
import { packageVersion } from './package-files.js';
import { ownSecretKeys } from './secret-keys.js';

const HOST = '127.0.0.1';
const USUAL_PORT = 4400;

/** The store of `dev`, in its folder. */
export async function openDevStore({ folder }: Context, cleanup: Cleanup): Promise<Store> {
  const secretKeys = await ownSecretKeys(join(folder, 'secret-keys'));
  const store = await openStore({ folder: join(folder, 'store'), migrate: true, secretKeys });
  cleanup.add(() => store.close());
  return store;
}

/** What the API of `dev` stands on, and the port that was asked for. */
export interface DevApi {
  client: DistriClient;
  store: Store;
  oauth: OAuthClient;
  port: number | undefined;
}

/**
 * The API of `dev`, for the local user, on the port that was asked for, else the usual one, else one that is free. Gives its URL.
 * Throws `PORT_IN_USE` for a port that was asked for.
 */
export async function startDevApi(context: Context, { port: asked, ...parts }: DevApi, cleanup: Cleanup): Promise<string> {
  const logger = pino(pino.destination({ dest: apiLog(context), mkdir: true, mode: 0o600, sync: true }));
  const serve = (port: number) => {
    const settings = { ...DEFAULT_SETTINGS, auth: 'local' as const, metricsPublic: true, recordEveryMs: RECORD_EVERY_MS, version: packageVersion(), publicUrl: `http://${HOST}:${port}` };
    return startApi({ ...parts, authenticate: authenticateLocal, logger, settings }, { host: HOST, port }, cleanup);
  };
  if (asked !== undefined) return serve(asked);
  try {
    return await serve(USUAL_PORT);
  } catch (error) {
    if (!(error instanceof DistriError && error.code === 'PORT_IN_USE')) throw error;
    return serve(await findFreePort());
  }
}

/** Where the API of `dev` logs. */
export function apiLog({ folder }: Context): string {
  return join(folder, 'api.log');
}
