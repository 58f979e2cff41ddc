import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { findTemporal } from '../../src/cli/embedded.js';

const MAIN = resolve('dist/cli/main.js');
/** Keeps a Temporal profile of the user away from the tests. */
const NO_CONFIG = resolve('test/cli/no-config');
const INHERITED = ['PATH', 'HOME', 'LANG', 'TMPDIR'];

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface CommandOptions {
  cwd?: string;
  env?: { [name: string]: string };
  stdin?: string;
  /** A program, with its arguments, that starts the command. */
  through?: readonly string[];
}

/** The command as a process of its own. */
export interface Command {
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<Ended>;
  /** Resolves with the whole output so far when it matches; rejects when the command ends before. */
  until(stream: 'stdout' | 'stderr', pattern: RegExp): Promise<string>;
}

/** A folder of its own for a test, with whatever files it needs. */
export async function workFolder(files: { [name: string]: unknown } = {}): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'distri-cli-'));
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content, null, 2));
  }
  return folder;
}

export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

/** Starts `distri-workflow` with nothing of the tests' own environment but what finds programs. */
export async function start(args: readonly string[], options: CommandOptions = {}): Promise<Command> {
  const [program = '', ...rest] = [...(options.through ?? []), process.execPath, MAIN, ...args];
  return startProgram(program, rest, options);
}

/** Starts `distri-workflow` on a terminal of its own; what it writes to either stream comes on stdout. */
export async function startOnTerminal(args: readonly string[], options: CommandOptions = {}): Promise<Command> {
  const pty = 'import pty,sys,os; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))';
  const env = { TERM: 'xterm-256color', NO_COLOR: '1', ...options.env };
  const sized = ['sh', '-c', 'stty rows 40 cols 100; exec "$@"', 'sh', process.execPath, MAIN];
  return startProgram('python3', ['-c', pty, ...sized, ...args], { ...options, env });
}

async function startProgram(program: string, args: readonly string[], { cwd, env, stdin }: CommandOptions): Promise<Command> {
  const inherited = Object.fromEntries(INHERITED.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])));
  const temporal = await findTemporal({ folder: resolve('.distri') });
  const child = spawn(program, args, { cwd, env: { ...inherited, TEMPORAL_CLI_PATH: temporal, XDG_CONFIG_HOME: NO_CONFIG, ...env } });
  const output = { stdout: '', stderr: '' };
  const watchers = new Set<() => void>();
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      output[stream] += text;
      watchers.forEach((watch) => watch());
    });
  }
  if (stdin !== undefined) child.stdin.end(stdin);
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, ...output }));
  const until = (stream: 'stdout' | 'stderr', pattern: RegExp) =>
    new Promise<string>((found, missed) => {
      const watch = () => {
        if (!pattern.test(output[stream])) return;
        watchers.delete(watch);
        found(output[stream]);
      };
      watchers.add(watch);
      watch();
      void ended.then((end) => missed(new Error(`It ended without ${String(pattern)}: ${JSON.stringify(end)}`)));
    });
  return { child, ended, until };
}

/** Runs `distri-workflow` to its end. */
export async function run(args: readonly string[], options: CommandOptions = {}): Promise<Ended> {
  const command = await start(args, { stdin: '', ...options });
  return command.ended;
}

/** Starts `dev` and waits until it is ready. */
export async function startDev(folder: string, ...args: string[]): Promise<Command & { temporal: string; api: string }> {
  const dev = await start(['dev', '--json', ...args], { cwd: folder });
  const line = await dev.until('stdout', /\n/);
  const { temporal, api } = JSON.parse(line) as { temporal: string; api: string };
  return { ...dev, temporal, api };
}

export async function stop(command: Command): Promise<Ended> {
  command.child.kill('SIGTERM');
  return command.ended;
}
