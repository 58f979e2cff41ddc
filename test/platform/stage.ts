import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { afterAll, beforeAll, inject } from 'vitest';
import { DistriClient } from '../../src/client/index.js';
import { OAuthClient } from '../../src/connections/oauth.js';
import { loadProviders } from '../../src/connections/providers.js';
import { StoreConnections } from '../../src/connections/store-connections.js';
import { createApp, DEFAULT_SETTINGS, type App, type ServerSettings } from '../../src/server/app.js';
import { createAuthenticate, type Authentication } from '../../src/server/auth/index.js';
import { identity, USER_SCOPES, type Authenticate, type Scope } from '../../src/server/identity.js';
import { openStore, type Store } from '../../src/store/index.js';
import type { DatabaseOptions } from '../../src/store/database.js';
import { createWorker } from '../../src/worker/create-worker.js';
import type { WorkerOptions } from '../../src/worker/options.js';

/** An API on a real port, with a store of its own, on the shared Temporal server but with task queues of its own. */
export interface Platform {
  readonly url: string;
  readonly app: App;
  readonly client: DistriClient;
  readonly store: Store;
  /** What the worker reads, unless it was told otherwise. */
  readonly connections: StoreConnections;
  readonly queuePrefix: string;
  /** Sends a request as a user (`local` with all scopes unless told); JSON in and out. */
  readonly send: (method: string, path: string, options?: SendOptions) => Promise<Answer>;
  close(): Promise<void>;
}

export interface SendOptions {
  body?: unknown;
  /** `user`, or `user:scope,scope`; null: nobody. */
  as?: string | null;
  headers?: Record<string, string>;
}

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  // What came; each test knows what it expects.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  body: any;
}

export interface PlatformOptions {
  database?: DatabaseOptions;
  settings?: Partial<ServerSettings>;
  /** Variables that set up providers, and a folder of their files. */
  providers?: { environment?: { [name: string]: string }; folder?: string };
  authenticate?: Authenticate;
  /** The real thing in place of `authenticate`. */
  authentication?: Authentication;
  /** Where it listens, when its public URL has to be known beforehand. */
  port?: number;
  /** A worker of all skills with these options; false: none. Default: none. */
  worker?: WorkerOptions | false;
}

/** Bearer tokens of tests say what they are: `user:scope,scope`. Those of users when none are named. */
const authenticateTest: Authenticate = async ({ authorization }) => {
  const token = authorization?.replace(/^Bearer /, '');
  if (token === undefined || token === '') return undefined;
  // A scope has a colon too.
  const [user = '', ...scopes] = token.split(/:(.*)/s);
  return identity(user, scopes[0] === undefined ? USER_SCOPES : (scopes[0].split(',') as Scope[]));
};

/** What encrypts the secrets of tests. */
export const TEST_KEYS = [{ id: 'test', key: Buffer.alloc(32, 7).toString('base64') }];

export async function openPlatform(options: PlatformOptions = {}): Promise<Platform> {
  const { database, settings, providers, authentication, authenticate = authenticateTest, worker = false, port = 0 } = options;
  const logger = pino({ level: process.env['DISTRI_TEST_LOG'] ?? 'silent' });
  const queuePrefix = `test-${randomUUID().slice(0, 8)}`;
  const store = await openStore({ ...(database ?? { folder: undefined }), migrate: true, secretKeys: TEST_KEYS });
  const client = await DistriClient.connect({ address: inject('temporalAddress'), queuePrefix });
  const oauth = new OAuthClient(await loadProviders(providers?.environment, providers?.folder));
  const app = await createApp({
    client,
    store,
    oauth,
    authenticate: authentication === undefined ? authenticate : createAuthenticate(authentication, store.tokens),
    logger,
    settings: { ...DEFAULT_SETTINGS, auth: authentication?.mode ?? 'tokens', ...settings },
  });
  const url = await app.listen({ host: '127.0.0.1', port });
  const connections = new StoreConnections({ connections: store.connections, oauth });
  const stopWorker = worker === false ? async () => undefined : await runWorker(queuePrefix, { connections, ...worker });
  return {
    url,
    app,
    client,
    store,
    connections,
    queuePrefix,
    send: (method, path, options) => send(url, method, path, options),
    close: async () => {
      await app.close();
      await stopWorker();
      await client.close();
      await store.close();
    },
  };
}

/** One platform for all tests of the file that calls it. */
export function sharedPlatform(options: PlatformOptions = {}): () => Platform {
  let platform: Platform;
  beforeAll(async () => {
    platform = await openPlatform(options);
  });
  afterAll(() => platform.close());
  return () => platform;
}

async function send(url: string, method: string, path: string, { body, as = 'local:admin', headers }: SendOptions = {}): Promise<Answer> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      ...(as === null ? {} : { authorization: `Bearer ${as}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    redirect: 'manual',
  });
  const text = await response.text();
  const json = /json/.test(response.headers.get('content-type') ?? '');
  return { status: response.status, headers: response.headers, text, body: json && text !== '' ? JSON.parse(text) : undefined };
}

async function runWorker(queuePrefix: string, options: WorkerOptions): Promise<() => Promise<void>> {
  const worker = await createWorker({
    address: inject('temporalAddress'),
    workflowBundle: { codePath: inject('workflowBundlePath') },
    queuePrefix,
    logger: pino({ level: 'silent' }),
    shutdownGraceSecs: 1,
    ...options,
  });
  const running = worker.run();
  return async () => {
    await worker.shutdown();
    await running;
  };
}
