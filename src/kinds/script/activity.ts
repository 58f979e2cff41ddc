import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { parseExact } from '../../definition/exact-json.js';
import type { JsonValue } from '../../definition/json.js';
import type { Activity, ActivityContext } from '../activity.js';
import { LONGEST_TIMER_MS } from '../deadline.js';
import { StepFailure } from '../failure.js';
import type { ConfigOf } from '../schemas.js';
import { exactValue, textResult } from '../text-result.js';
import { withArguments } from './arguments.js';
import { baseEnvironment, stepEnvironment, writeContext, type ContextFile } from './environment.js';
import { badExit, cannotStart, noJson, timedOut, tooMuchOutput } from './failures.js';
import { Output, Tail } from './output.js';
import { runProcess, type Command, type Ended } from './process.js';
import { findUser, type ScriptUser } from './user.js';

type Config = ConfigOf<'script'>;
type Shell = NonNullable<Config['shell']>;

/** Of a script for which neither the kind nor the step has a time-out. */
const DEFAULT_TIMEOUT_SECS = 60;
const DEFAULT_OUTPUT_BYTES = 1.5 * 1024 * 1024;
const STDERR_CHARS = 64 * 1024;
const HEARTBEAT_CHARS = 2000;
/** Options that keep each shell from reading its start-up files. */
const NO_STARTUP_FILES: { readonly [S in Shell]: readonly string[] } = { bash: ['--noprofile', '--norc'], sh: [], zsh: ['-f'] };

export interface ScriptOptions {
  /** The user to run scripts as; the worker must be root. Default: the worker's own. */
  user?: string;
  /** Most bytes of standard output. Default 1.5 MiB. */
  maxOutputBytes?: number;
  /** The worker's environment, of which scripts see PATH, HOME, LANG and TMPDIR. Default `process.env`. */
  env?: NodeJS.ProcessEnv;
}

/** The activity of `script` steps: runs the command in a shell of its own process group. */
export function createScript(options: ScriptOptions): Activity<Config> {
  const { maxOutputBytes = DEFAULT_OUTPUT_BYTES, env = process.env } = options;
  return async (config, context) => {
    context.signal.throwIfAborted();
    const user = options.user === undefined ? undefined : await findUser(options.user);
    const shell = await findShell(config.shell ?? 'bash', env);
    await checkFolder(config.cwd);
    const file = await writeContext(context.mapping === undefined ? (context.context ?? {}) : context.mapping, user);
    try {
      return await run(config, context, commandOf(config, shell, { ...baseEnvironment(env, user), ...stepEnvironment(context) }, file, user), maxOutputBytes);
    } finally {
      await file.remove();
    }
  };
}

async function run(config: Config, context: ActivityContext, command: Command, limit: number): Promise<JsonValue> {
  const stop = new AbortController();
  const stdout = new Output(limit, () => stop.abort(tooMuchOutput(limit)));
  const stderr = new Tail(STDERR_CHARS, context.mask);
  const seen = config.output_format === 'stream' ? new Tail(HEARTBEAT_CHARS, context.mask) : undefined;
  const secs = config.timeout_secs ?? (context.timeoutSecs === undefined ? DEFAULT_TIMEOUT_SECS : undefined);
  const ended = await withTimeout(secs, stop, () =>
    started(command, AbortSignal.any([context.signal, stop.signal]), {
      stdout: (chunk) => {
        stdout.add(chunk);
        seen?.add(chunk);
        if (seen && chunk.includes('\n')) context.heartbeat({ output: seen.lines() });
      },
      stderr: (chunk) => stderr.add(chunk),
    }),
  );
  const text = stdout.text();
  if (ended.code !== 0) throw badExit(ended, stderr.text(), text, context.mask);
  return resultOf(config, text, context);
}

async function started(...[command, signal, output]: Parameters<typeof runProcess>): Promise<Ended> {
  try {
    return await runProcess(command, signal, output);
  } catch (error) {
    signal.throwIfAborted();
    throw cannotStart(error, command);
  }
}

async function withTimeout<T>(secs: number | undefined, stop: AbortController, work: () => Promise<T>): Promise<T> {
  if (secs === undefined) return work();
  const timer = setTimeout(() => stop.abort(timedOut(secs)), Math.min(secs * 1000, LONGEST_TIMER_MS));
  try {
    return await work();
  } finally {
    clearTimeout(timer);
  }
}

function resultOf(config: Config, text: string, context: ActivityContext): JsonValue {
  switch (config.output_format) {
    case 'text':
    case 'stream':
      return { output: text };
    case 'json':
      try {
        return exactValue(parseExact(text), context);
      } catch (error) {
        throw noJson(text, error);
      }
    case null:
    case undefined:
      return textResult(text, context);
  }
}

function commandOf(
  config: Config,
  shell: string,
  base: { [name: string]: string },
  context: ContextFile,
  user: ScriptUser | undefined,
): Command {
  const name = config.shell ?? 'bash';
  const args = config.args ?? [];
  return {
    file: shell,
    args: [...NO_STARTUP_FILES[name], '-c', withArguments(config.command, args), name, ...args],
    cwd: config.cwd ?? undefined,
    env: { ...base, ...withoutContext(config.env ?? {}), ...context.variables },
    folder: context.folder,
    ...(user && { uid: user.uid, gid: user.gid }),
  };
}

/** A step cannot set the context's variables, also not the one that a large context leaves out. */
function withoutContext({ WORKFLOW_CONTEXT: _, WORKFLOW_CONTEXT_FILE: _file, ...env }: { [name: string]: string }) {
  return env;
}

async function findShell(shell: Shell, env: NodeJS.ProcessEnv): Promise<string> {
  for (const folder of [...(env.PATH ?? '').split(delimiter), '/bin', '/usr/bin']) {
    const file = join(folder, shell);
    if (folder !== '' && (await isExecutable(file))) return file;
  }
  throw new StepFailure('SCRIPT_START', `The shell '${shell}' is not installed on this worker: install it, or use another shell`);
}

async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function checkFolder(cwd: string | null | undefined): Promise<void> {
  if (cwd === null || cwd === undefined) return;
  const found = await stat(cwd).catch(() => undefined);
  if (found?.isDirectory()) return;
  const problem = found ? 'is not a directory' : 'does not exist on this worker';
  throw new StepFailure('SCRIPT_START', `The working directory '${cwd}' of the script ${problem}: correct cwd`);
}
