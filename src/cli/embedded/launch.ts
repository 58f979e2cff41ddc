import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import type { Environment } from './program.js';

const STOP_MS = 5_000;

/**
 * Runs the program and beside it a watcher that ends it when this process is gone, however it went: standard input is a
 * pipe that only this process holds open, and the watcher reads it to its end. `exec` keeps the process id, so the
 * program has the id that was spawned. The watcher is in the same process group, which keeps that id from being given
 * to another process while the watcher lives. Its files, which hold all runs, are for its user alone. Windows has neither; there a killed parent leaves the server behind.
 */
const GUARD = `umask 077
exec 3<&0
(
  cat <&3
  kill -TERM $$
  left=5
  while [ $left -gt 0 ] && kill -0 $$; do sleep 1; left=$((left - 1)); done
  kill -KILL $$
) >/dev/null 2>&1 &
exec "$@" 3<&- </dev/null`;

/** A server process that does not outlive this one (POSIX) and does not hear a Ctrl-C of the terminal. */
export interface ServerProcess {
  pid: number;
  /** Settles when the process has ended; says how. Never rejects. */
  exited: Promise<string>;
  /** Asks it to end, kills it after 5 s, waits for its end. Safe to repeat. */
  stop: () => Promise<void>;
}

export interface LaunchOptions {
  program: string;
  args: readonly string[];
  /** Standard error is appended to this file; standard output is dropped. */
  logFile: string;
  env: Environment;
}

function start({ program, args, logFile, env }: LaunchOptions): ChildProcess {
  const log = openSync(logFile, 'a', 0o600);
  try {
    // Its own process group: Ctrl-C in a terminal reaches the parent only, which then stops the server in its order.
    if (process.platform === 'win32') return spawn(program, args, { env, stdio: ['ignore', 'ignore', log], windowsHide: true });
    return spawn('/bin/sh', ['-c', GUARD, 'sh', program, ...args], { env, stdio: ['pipe', 'ignore', log], detached: true });
  } finally {
    closeSync(log);
  }
}

/** Ends the watcher, which is all that may be left of the group once the server is gone. */
function endGroup(pid: number): void {
  if (process.platform === 'win32') return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    return; // The watcher has ended already.
  }
}

/** @throws the system's error when the process cannot be created. */
export async function launch(options: LaunchOptions): Promise<ServerProcess> {
  const child = start(options);
  const spawned = once(child, 'spawn');
  const exited = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => {
      if (child.pid !== undefined) endGroup(child.pid);
      child.stdin?.destroy();
      resolve(signal === null ? `it ended with code ${code}` : `it was ended by ${signal}`);
    });
  });
  await spawned;
  const pid = child.pid ?? 0;
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    const impatient = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await exited;
    clearTimeout(impatient);
  };
  return { pid, exited, stop };
}
