import { setTimeout as sleep } from 'node:timers/promises';
import type { DistriClient } from '../../client/index.js';
import type { WorkerOptions } from '../../worker/index.js';
import type { Cleanup } from '../cleanup.js';
import type { RunFlags } from '../commands/run.js';
import type { Context } from '../context.js';
import { engineIsAlive } from '../engine-alive.js';
import { DistriError } from '../../definition/errors.js';
import { UsageError } from '../errors.js';
import { findServer, startServer, type Server } from '../server.js';

const HELD_POLL_MS = 300;

/** The server of a `run`; `own`: this command has started it and stops it at its end. */
export interface OpenServer {
  readonly server: Server;
  readonly own: boolean;
  /** Rejects when the server of this command ends before the command. */
  readonly lost?: Promise<never>;
}

/**
 * The server that is configured or runs here, else an embedded one that ends with the command. While another `run` has
 * the folder, this waits for its end; undefined when the signal is aborted meanwhile. `onLaunch` is called once the
 * server's process begins to start, or when there is none to start for now.
 */
export async function openServer(
  context: Context,
  flags: RunFlags,
  cleanup: Cleanup,
  signal: AbortSignal,
  onLaunch: () => void,
): Promise<OpenServer | undefined> {
  const found = await findServer(context);
  if (found !== undefined) return { server: found, own: false };
  if (flags.detach === true) throw needsLasting('--detach needs a Temporal server that goes on after this command');
  if (!flags.worker) throw needsLasting('--no-worker needs a Temporal server that has workers');
  const launched = (): void => {
    onLaunch();
    // What the run needs loads while the server starts; what is wrong with it is told when it is needed.
    import('../local-worker.js').catch(() => undefined);
    import('../follow/follow.js').catch(() => undefined);
  };
  for (let told = false; !signal.aborted; told = true) {
    const opened = (await startOwn(context, cleanup, { told, signal, onLaunch: launched })) ?? (await joinOther(context, signal));
    if (opened !== undefined) return opened;
  }
  return undefined;
}

interface OwnOptions {
  /** Whether the user has been told of another process. */
  told: boolean;
  signal: AbortSignal;
  onLaunch: () => void;
}

/** Undefined: the signal was aborted, or another process has the folder, and the user has been told. */
async function startOwn(context: Context, cleanup: Cleanup, { told, signal, onLaunch }: OwnOptions): Promise<OpenServer | undefined> {
  try {
    const server = await startServer(context, { onLaunch, signal }, cleanup);
    if (server === undefined) return undefined;
    const lost = server.exited.then((how) => {
      throw new DistriError('NO_TEMPORAL_SERVER', `The Temporal server of this command has ended: ${how}`, {
        hint: 'The run is kept, and goes on when `distri-workflow dev` is started in this folder.',
      });
    });
    lost.catch(() => undefined);
    return { server, own: true, lost };
  } catch (error) {
    if (!(error instanceof DistriError) || error.code !== 'DATA_IN_USE') throw error;
    onLaunch();
    if (!told) context.terminal.say(`${error.message}: waiting for its end. To run several at once, start \`distri-workflow dev\` first.`);
    return undefined;
  }
}

/** It may be a `dev` that has just become ready. */
async function joinOther(context: Context, signal: AbortSignal): Promise<OpenServer | undefined> {
  await sleep(HELD_POLL_MS, undefined, { signal }).catch(() => undefined);
  const found = await findServer(context);
  return found && { server: found, own: false };
}

function needsLasting(why: string): UsageError {
  return new UsageError(`${why}, and there is none`, 'Start `distri-workflow dev` in another terminal first, or set TEMPORAL_ADDRESS.');
}

/** What the flags bring for a worker, read while the server starts: a mistake in it ends that at once. */
export async function prepareWorker(context: Context, flags: RunFlags, cleanup: Cleanup): Promise<WorkerOptions | undefined> {
  const brought = flags.tools !== undefined || flags.mcp !== undefined || flags.connections !== undefined;
  if (!brought || !flags.worker) return undefined;
  return (await import('../local-worker.js')).workerOptions(context, flags, cleanup);
}

/**
 * Starts a worker in this process when the run needs one: on an own server, when the flags bring something for it, or
 * when no engine worker is alive. `ended` settles when the worker ends, and rejects when it breaks down.
 */
export async function provideWorker(
  context: Context,
  flags: RunFlags,
  { server, own }: OpenServer,
  client: DistriClient,
  prepared: WorkerOptions | undefined,
  cleanup: Cleanup,
): Promise<{ ended: Promise<void> } | undefined> {
  if (!flags.worker) return undefined;
  if (!own && prepared === undefined) {
    if (await engineIsAlive(client)) return undefined;
    context.terminal.say(`No engine worker is alive at ${server.address}: one is started in this process.`);
  }
  const { startLocalWorker, workerOptions } = await import('../local-worker.js');
  const options = prepared ?? (await workerOptions(context, flags, cleanup));
  return startLocalWorker(context, server, options, cleanup);
}
