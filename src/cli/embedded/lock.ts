import { link, mkdir, readFile, rm, rmdir, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { v4 as uuid } from 'uuid';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { DistriError } from '../../definition/errors.js';
import { isRunning, markProcess, processMarkSchema, type ProcessMark } from '../process-mark.js';

const FILE_NAME = 'temporal.lock';
/** How long a server whose parent was killed may take to end. */
const SERVER_END_MS = 15_000;
const POLL_MS = 100;
/** A takeover takes milliseconds: what is older was left behind by a process that died in it. */
const TAKEOVER_MS = 5_000;

const lockSchema = z.object({ owner: processMarkSchema, server: processMarkSchema.optional() });
type Lock = z.infer<typeof lockSchema>;

/** Holds the data folder for one server: SQLite files must not be open in two. */
export interface FolderLock {
  /** Notes the server too, so that the folder stays held while it outlives a killed owner. */
  noteServer: (pid: number) => Promise<void>;
  release: () => Promise<void>;
}

async function read(path: string): Promise<{ text: string; lock: Lock | undefined } | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return { text, lock: lockSchema.safeParse(JSON.parse(text)).data };
  } catch {
    return { text, lock: undefined };
  }
}

/** Creates the file with its whole content or not at all; false when it is there already. */
async function create(path: string, lock: Lock): Promise<boolean> {
  const draft = `${path}.${uuid()}`;
  await writeFile(draft, JSON.stringify(lock), { mode: 0o600 });
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    await unlink(draft);
  }
}

/**
 * Only one process at a time removes, and only what it has read again: a fresh lock that another one has created after
 * removing the same stale one must stay.
 */
async function removeStale(path: string, stale: string): Promise<void> {
  const guard = `${path}.takeover`;
  if (!(await mkdir(guard).then(() => true, () => false))) {
    const since = (await stat(guard).catch(() => undefined))?.mtimeMs ?? Date.now();
    if (Date.now() - since > TAKEOVER_MS) await rmdir(guard).catch(() => undefined);
    await sleep(POLL_MS / 10);
    return;
  }
  try {
    if ((await read(path))?.text === stale) await rm(path, { force: true });
  } finally {
    await rmdir(guard).catch(() => undefined);
  }
}

function inUse(folder: string, holder: ProcessMark): DistriError {
  return new DistriError('DATA_IN_USE', `The Temporal data in '${folder}' is in use by process ${holder.pid}`, {
    hint: 'Use the server of that process (`distri-workflow dev` serves all commands of its folder), end it, or work in another folder.',
  });
}

async function holderOf(lock: Lock | undefined): Promise<{ mark: ProcessMark; orphan: boolean } | undefined> {
  if (lock === undefined) return undefined;
  if (await isRunning(lock.owner)) return { mark: lock.owner, orphan: false };
  const orphan = lock.server !== undefined && (await isRunning(lock.server));
  return orphan && lock.server !== undefined ? { mark: lock.server, orphan } : undefined;
}

/**
 * Takes the folder. A lock whose processes are gone is taken over; a server that ends because its owner was killed is
 * waited for.
 * @throws DistriError `DATA_IN_USE` naming the process that holds it.
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const path = join(folder, FILE_NAME);
  const owner = await markProcess();
  const deadline = Date.now() + SERVER_END_MS;
  while (!(await create(path, { owner }))) {
    const found = await read(path);
    if (found === undefined) continue;
    const holder = await holderOf(found.lock);
    if (holder === undefined) await removeStale(path, found.text);
    else if (!holder.orphan || Date.now() > deadline) throw inUse(folder, holder.mark);
    else await sleep(POLL_MS);
  }
  let released: Promise<void> | undefined;
  return {
    noteServer: async (pid) => writeFileAtomic(path, JSON.stringify({ owner, server: await markProcess(pid) } satisfies Lock)),
    // Once only: later the file may be another process's.
    release: () => (released ??= rm(path, { force: true })),
  };
}
