import { spawn, type ChildProcess } from 'node:child_process';
import { setImmediate, setTimeout as delay } from 'node:timers/promises';

/** From SIGTERM to SIGKILL. */
const KILL_AFTER_MS = 2000;
const POLL_MS = 20;
/** A child left in the background may keep the output open: this long it is read after the script's own end. */
const DRAIN_MS = 250;

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string | undefined;
  readonly env: { readonly [name: string]: string };
  readonly uid?: number;
  readonly gid?: number;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * Runs a command in a process group of its own, without input, until it exits. When `signal` aborts, the whole group
 * gets SIGTERM, after 2 s SIGKILL; then this rejects with the signal's reason. A command that cannot be started rejects
 * with the system's error.
 */
export async function runProcess(
  command: Command,
  signal: AbortSignal,
  output: { readonly stdout: (chunk: Buffer) => void; readonly stderr: (chunk: Buffer) => void },
): Promise<Ended> {
  const { file, args, ...options } = command;
  const child = spawn(file, args, { ...options, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const exited = exitOf(child);
  child.stdout.on('data', output.stdout);
  child.stderr.on('data', output.stderr);
  const { pid } = child;
  if (pid === undefined) return exited;
  let groupEnded: Promise<void> | undefined;
  const onAbort = () => void (groupEnded = endGroup(pid));
  signal.addEventListener('abort', onAbort, { once: true });
  const release = endGroupWithWorker(pid);
  try {
    const ended = await exited;
    await Promise.race([closed, delay(DRAIN_MS).then(() => setImmediate())]);
    await groupEnded;
    signal.throwIfAborted();
    return ended;
  } finally {
    signal.removeEventListener('abort', onAbort);
    release();
    child.stdout.destroy();
    child.stderr.destroy();
  }
}

function exitOf(child: ChildProcess): Promise<Ended> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
}

async function endGroup(pid: number): Promise<void> {
  const until = Date.now() + KILL_AFTER_MS;
  let alive = signalGroup(pid, 'SIGTERM');
  while (alive && Date.now() < until) {
    await delay(POLL_MS);
    alive = signalGroup(pid, 0);
  }
  if (alive) signalGroup(pid, 'SIGKILL');
}

/** Whether the group was still there. */
function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-pid, signal);
  } catch {
    return false;
  }
}

/**
 * A worker that dies by SIGKILL can end nothing any more, so a small shell waits beside each script: its input ends when
 * the worker is gone, and it ends the group. A line of input lets it go.
 */
function endGroupWithWorker(pid: number): () => void {
  const guard = spawn('/bin/sh', ['-c', 'read -r _ || kill -KILL "-$1"', 'sh', String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    env: {},
  });
  guard.on('error', () => undefined);
  guard.stdin.on('error', () => undefined);
  guard.unref();
  return () => guard.stdin.end('\n');
}
