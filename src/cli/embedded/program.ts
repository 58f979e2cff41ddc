import { execFile } from 'node:child_process';
import { access, constants, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export const PROGRAM_NAME = process.platform === 'win32' ? 'temporal.exe' : 'temporal';

/** The oldest server whose features the engine relies on. */
const OLDEST_SERVER = { major: 1, minor: 28 };
const VERSION_TIMEOUT_MS = 20_000;

export type Environment = { readonly [name: string]: string | undefined };

/** What went wrong in a child process, in a line: the last thing it said, else how it ended. */
export function childProblem(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const said = 'stderr' in error && typeof error.stderr === 'string' ? error.stderr : '';
  const lines = said.split('\n').filter((line) => line.trim() !== '');
  const telling = lines.findLast((line) => /^error\b/i.test(line)) ?? lines.at(-1);
  if ('killed' in error && error.killed === true) return `no end in time${telling === undefined ? '' : ` (${telling})`}`;
  return telling?.trim() ?? error.message;
}

function olderThanNeeded(text: string): string | undefined {
  const server = /server (\d+)\.(\d+)/i.exec(text);
  if (server === null) return undefined;
  const [major, minor] = [Number(server[1]), Number(server[2])];
  const enough = major > OLDEST_SERVER.major || (major === OLDEST_SERVER.major && minor >= OLDEST_SERVER.minor);
  return enough ? undefined : `its server ${major}.${minor} is older than ${OLDEST_SERVER.major}.${OLDEST_SERVER.minor}`;
}

/** Why a file cannot serve as the Temporal command line with its dev server; undefined when it can. */
export async function problemWith(path: string): Promise<string | undefined> {
  const file = await stat(path).catch(() => undefined);
  if (file === undefined) return 'not there';
  if (!file.isFile()) return 'not a file';
  try {
    const { stdout } = await run(path, ['--version'], { timeout: VERSION_TIMEOUT_MS });
    if (!/^temporal version \d/.test(stdout)) return 'not the Temporal command line';
    return olderThanNeeded(stdout);
  } catch (error) {
    return `does not run: ${childProblem(error)}`;
  }
}

/** The first executable `temporal` on PATH. */
export async function programOnPath(env: Environment): Promise<string | undefined> {
  for (const folder of (env['PATH'] ?? '').split(delimiter)) {
    if (folder === '') continue;
    const path = join(folder, PROGRAM_NAME);
    const found = await access(path, constants.X_OK).then(() => true, () => false);
    if (found) return path;
  }
  return undefined;
}
