import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { setImmediate, setTimeout as delay } from 'node:timers/promises';
import { endTree } from './end-tree.js';
import { startGuard } from './guard.js';
import { MARK_VARIABLE, startOf } from './processes.js';

/** A child left in the background may keep the output open: this long it is read after the script's own end. */
const DRAIN_MS = 250;

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string | undefined;
  readonly env: { readonly [name: string]: string };
  readonly uid?: number;
  readonly gid?: number;
  /** Removed when the worker dies before the command ends. */
  readonly folder?: string;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * Runs a command in a session of its own, without input, until it exits. When `signal` aborts, it and all its descendants
 * get SIGTERM, after 2 s SIGKILL, in whatever process group they are; then this rejects with the signal's reason. When the
 * worker dies, they are killed. A command that cannot be started rejects with the system's error.
 */
export async function runProcess(
  command: Command,
  signal: AbortSignal,
  output: { readonly stdout: (chunk: Buffer) => void; readonly stderr: (chunk: Buffer) => void },
): Promise<Ended> {
  const { file, args, folder, env, ...options } = command;
  const mark = randomUUID();
  const child = spawn(file, args, { ...options, env: { ...env, [MARK_VARIABLE]: mark }, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const exited = exitOf(child);
  child.stdout.on('data', output.stdout);
  child.stderr.on('data', output.stderr);
  const { pid } = child;
  if (pid === undefined) return exited;
  const guard = startGuard({ pid, mark, folder, uid: command.uid, gid: command.gid });
  const started = startOf(pid);
  let treeEnded: Promise<void> | undefined;
  const end = async (): Promise<void> => {
    await endTree({ pid, started, mark });
    // The environment of another user's processes may be unreadable here, and is readable to the guard.
    if (command.uid !== undefined) await guard.sweep();
  };
  const onAbort = () => void (treeEnded = end());
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const ended = await exited;
    await Promise.race([closed, delay(DRAIN_MS).then(() => setImmediate())]);
    await treeEnded;
    signal.throwIfAborted();
    return ended;
  } finally {
    signal.removeEventListener('abort', onAbort);
    guard.release();
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
