import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** In a child: tells the parent that it is ready, and from then on, when asked, the CPU time that it has used. */
export function announceReady(): void {
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    process.send?.((user + system) / 1000);
  });
  process.send?.('ready');
}

/** In a child: resolves when the parent asks it to end or is gone. */
export async function untilAskedToEnd(): Promise<void> {
  await Promise.race([once(process, 'SIGTERM'), once(process, 'disconnect')]);
  if (process.connected) process.disconnect();
}

/** A process that has said that it is ready. */
export interface Child {
  /** Milliseconds of CPU that all its threads have used. */
  cpuMs(): Promise<number>;
  stop(): Promise<void>;
}

/**
 * Starts a script and waits until it is ready.
 * @throws Error when it ends before that
 */
export async function startChild(script: string, args: readonly string[], nodeArgs: readonly string[] = []): Promise<Child> {
  const child = spawn(process.execPath, [...nodeArgs, script, ...args], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const exited = once(child, 'exit');
  const ready = await Promise.race([once(child, 'message').then(() => true), exited.then(() => false)]);
  if (!ready) throw new Error(`${script} ended before it was ready`);
  const cpuMs = async (): Promise<number> => {
    const answer = once(child, 'message');
    child.send('cpu');
    return Number((await answer)[0]);
  };
  return { cpuMs, stop: () => stop(child, exited) };
}

async function stop(child: ChildProcess, exited: Promise<unknown>): Promise<void> {
  child.kill('SIGTERM');
  const impatient = setTimeout(() => child.kill('SIGKILL'), 20_000);
  await exited;
  clearTimeout(impatient);
}

/** How one run of a command went. */
export interface Finished {
  readonly ms: number;
  readonly stdout: string;
}

/**
 * Runs a script to its end; `ms` is from the spawn to the end of its output on stdout and so does not count what it
 * tidies up afterwards.
 * @throws Error with its stderr when it fails
 */
export async function timeScript(script: string, args: readonly string[], options: { cwd: string; env: NodeJS.ProcessEnv }): Promise<Finished> {
  const begun = performance.now();
  const child = spawn(process.execPath, [script, ...args], { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  let ms = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    ms = performance.now() - begun;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${script} ended with code ${code}: ${stderr}`);
  return { ms, stdout };
}
