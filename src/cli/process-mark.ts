import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { z } from 'zod';

const run = promisify(execFile);

/**
 * A process that can be recognised later. `started` tells it from another one that got the same id after it, which
 * happens all the time in containers; it is opaque, and absent where the platform does not tell it.
 */
export const processMarkSchema = z.object({ pid: z.int().positive(), started: z.string().optional() });
export type ProcessMark = z.infer<typeof processMarkSchema>;

type Standing = { alive: false } | { alive: true; started?: string };

async function fromProc(pid: number): Promise<Standing> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The fields behind the command name, which may hold spaces and parentheses: the state is field 3, the start 22.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const started = fields[19];
  // Where nobody reaps, as in many containers, a dead process stays as a zombie.
  if (fields[0] === 'Z' || fields[0] === 'X') return { alive: false };
  return started === undefined ? { alive: true } : { alive: true, started };
}

async function fromPs(pid: number): Promise<Standing> {
  const started = (await run('ps', ['-o', 'lstart=', '-p', String(pid)])).stdout.trim();
  return started === '' ? { alive: false } : { alive: true, started };
}

function answersSignal(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

async function look(pid: number): Promise<Standing> {
  if (!answersSignal(pid)) return { alive: false };
  if (process.platform === 'win32') return { alive: true };
  const tell = process.platform === 'linux' ? fromProc : fromPs;
  return tell(pid).catch(() => ({ alive: answersSignal(pid) }));
}

/** The mark of a running process, by default of this one. */
export async function markProcess(pid = process.pid): Promise<ProcessMark> {
  const standing = await look(pid);
  return standing.alive && standing.started !== undefined ? { pid, started: standing.started } : { pid };
}

/** Whether the very process of the mark still runs. */
export async function isRunning(mark: ProcessMark): Promise<boolean> {
  const standing = await look(mark.pid);
  if (!standing.alive) return false;
  return mark.started === undefined || standing.started === undefined || standing.started === mark.started;
}
