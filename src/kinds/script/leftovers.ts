import { createHash } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { startOf } from './processes.js';

const PREFIX = 'distri-script-';
const NAME = /^distri-script-(?:(?<place>[0-9a-f]{8})-(?<pid>\d+)-(?<started>\d+)-)?[A-Za-z0-9]{6}$/;
/** A folder of a worker that cannot be seen from here, such as one in another container, is taken for left behind after a day. */
const UNSEEN_MS = 24 * 60 * 60 * 1000;

/** How the names of this worker's context folders begin: they tell whether the worker still runs. */
export function folderPrefix(): string {
  return `${PREFIX}${place()}-${process.pid}-${startOf(process.pid) ?? 0}-`;
}

/** Removes the folders that workers left behind when they were killed, with what was in the context of their scripts. */
export async function removeLeftovers(): Promise<void> {
  const names = await readdir(tmpdir()).catch(() => []);
  for (const name of names) {
    const found = NAME.exec(name);
    if (found === null) continue;
    const folder = join(tmpdir(), name);
    // What belongs to another user stays.
    if (await isLeft(folder, found.groups ?? {})) await rm(folder, { recursive: true, force: true }).catch(() => undefined);
  }
}

async function isLeft(folder: string, { place: of, pid, started }: { [part: string]: string | undefined }): Promise<boolean> {
  if (of === place()) return !isRunning(Number(pid), Number(started));
  const made = await stat(folder).catch(() => undefined);
  return made !== undefined && Date.now() - made.mtimeMs > UNSEEN_MS;
}

function isRunning(pid: number, started: number): boolean {
  const now = startOf(pid);
  if (now !== undefined) return now === started;
  if (process.platform === 'linux') return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** This machine or container: process ids mean something only there. */
function place(): string {
  let namespace = '';
  try {
    namespace = readlinkSync('/proc/self/ns/pid');
  } catch {
    // Only Linux has them.
  }
  return createHash('sha256').update(`${hostname()} ${namespace}`).digest('hex').slice(0, 8);
}
