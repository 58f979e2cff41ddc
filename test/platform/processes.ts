import { randomBytes } from 'node:crypto';
import { startEmbedded } from '../../src/cli/embedded.js';
import { findFreePort } from '../../src/cli/find-port.js';
import { removeFolder, run, start, workFolder, type Command, type Ended } from '../cli/support.js';
import { startPostgres, type Postgres } from '../support/postgres.js';

/** A deployment of real processes: Postgres, a Temporal server, an API that can die and come back, and workers. */
export interface Processes {
  /** Of the API, also of the one that comes after it. */
  readonly url: string;
  /** Of the user `ann`, with all scopes but `admin`. */
  readonly token: string;
  readonly postgres: Postgres;
  readonly temporal: string;
  /** What the processes are told. */
  readonly env: { [name: string]: string };
  readonly folder: string;
  /** The API that runs, or ran last. */
  readonly api: Command;
  /** Starts the API and waits until it is ready. */
  startApi(): Promise<Command>;
  /** SIGKILL of the API; resolves when it is gone. */
  killApi(): Promise<Ended>;
  startWorker(...flags: string[]): Promise<Command>;
  close(): Promise<void>;
}

/** Opens a deployment without a worker. `env`: more variables of all its processes. */
export async function openProcesses(env: { [name: string]: string } = {}): Promise<Processes> {
  const folder = await workFolder();
  const [postgres, temporal, port] = await Promise.all([startPostgres(), startEmbedded({ folder, memory: true, ui: false }), findFreePort()]);
  const shared = {
    DATABASE_URL: await postgres.create('distri'),
    DISTRI_SECRET_KEYS: `k1:${randomBytes(32).toString('base64')}`,
    DISTRI_AUTH: 'tokens',
    TEMPORAL_ADDRESS: temporal.address,
    ...env,
  };
  const url = `http://127.0.0.1:${port}`;
  const started = new Set<Command>();
  const startReady = async (...args: string[]): Promise<Command> => {
    const command = await start([...args, '--json'], { cwd: folder, env: shared });
    started.add(command);
    await command.until('stdout', /\n/);
    return command;
  };
  const succeed = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await run(args, { cwd: folder, env: shared });
    if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${stderr}`);
    return stdout.trim();
  };
  await succeed('db', 'migrate');
  const token = await succeed('tokens', 'create', '--user', 'ann');
  const startApi = (): Promise<Command> => startReady('server', '--port', String(port));
  let api = await startApi();
  return {
    url,
    token,
    postgres,
    temporal: temporal.address,
    env: shared,
    folder,
    get api() {
      return api;
    },
    startApi: async () => (api = await startApi()),
    killApi: () => {
      api.child.kill('SIGKILL');
      return api.ended;
    },
    startWorker: (...flags) => startReady('worker', '--skills', 'all', ...flags),
    async close() {
      await Promise.all([...started].map(({ child, ended }) => (child.kill('SIGKILL'), ended)));
      await temporal.stop();
      await postgres.remove();
      await removeFolder(folder);
    },
  };
}
