import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll } from 'vitest';
import { startEmbedded, type EmbeddedServer } from '../../src/cli/embedded.js';
import { DistriClient, DistriError } from '../../src/client/index.js';
import type { JsonObject, RunEvent } from '../../src/client/index.js';
import { start, type Command, type Ended } from '../cli/support.js';

export const TOOLS = fileURLToPath(new URL('tools.mjs', import.meta.url));

/** One call of a tool, written before it did anything. */
export interface Call {
  run: string;
  step: string;
  /** Of an element of a fan-out: its position. */
  index?: number;
  attempt: number;
  pid: number;
  at: number;
  mark: string;
}

/** A worker in a process of its own. */
export interface WorkerProcess {
  readonly pid: number;
  /** Ends it with no chance to say goodbye. */
  kill(): Promise<void>;
  /** SIGTERM; resolves when it has ended. */
  stop(): Promise<Ended>;
}

/** A Temporal server with a database on disk, a client, and workers as processes. */
export interface Theatre {
  readonly folder: string;
  readonly client: DistriClient;
  readonly address: string;
  /** Starts a worker with these flags beside its tools; by default for all skills. */
  worker(...flags: string[]): Promise<WorkerProcess>;
  /** All calls of tools so far. */
  calls(): Promise<Call[]>;
  /** The path of a gate that steps wait at. */
  gate(name: string): string;
  open(name: string): Promise<void>;
  /** SIGKILL of the server, then a new one with the same database and address. */
  crashServer(): Promise<void>;
  close(): Promise<void>;
}

/** Opens a theatre; `memory` keeps nothing on disk, so that its server cannot be restarted. */
export async function openTheatre(options: { memory?: boolean } = {}): Promise<Theatre> {
  const folder = await mkdtemp(join(tmpdir(), 'distri-crash-'));
  const ledger = join(folder, 'ledger');
  await writeFile(ledger, '');
  let server: EmbeddedServer = await startEmbedded({ folder, ui: false, memory: options.memory === true });
  const { address } = server;
  const client = await DistriClient.connect({ address });
  const workers = new Set<WorkerProcess>();
  const gate = (name: string): string => join(folder, `gate-${name}`);
  return {
    folder,
    client,
    address,
    worker: async (...flags) => {
      const skills = flags.includes('--skills') ? [] : ['--skills', 'all'];
      const args = ['worker', '--json', ...skills, '--tools', TOOLS, ...flags];
      const worker = await workerProcess(await start(args, { cwd: folder, env: { TEMPORAL_ADDRESS: address, CRASH_LEDGER: ledger } }));
      workers.add(worker);
      return worker;
    },
    calls: () => readCalls(ledger),
    gate,
    open: (name) => writeFile(gate(name), ''),
    crashServer: async () => {
      process.kill(server.pid, 'SIGKILL');
      await server.exited;
      await server.stop();
      server = await startEmbedded({ folder, ui: false, port: Number(address.split(':')[1]) });
    },
    close: async () => {
      await Promise.all([...workers].map((worker) => worker.kill()));
      await client.close();
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function workerProcess(command: Command): Promise<WorkerProcess> {
  await command.until('stdout', /\n/);
  const end = (signal: 'SIGKILL' | 'SIGTERM'): Promise<Ended> => {
    command.child.kill(signal);
    return command.ended;
  };
  return { pid: command.child.pid ?? 0, kill: async () => void (await end('SIGKILL')), stop: () => end('SIGTERM') };
}

/** All calls in a ledger. */
export async function readCalls(ledger: string): Promise<Call[]> {
  const lines = (await readFile(ledger, 'utf8')).split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Call);
}

/**
 * Looks every 50 ms until it sees something, for at most three minutes. That no worker answers is nothing seen yet: after a
 * crash the server still looks for the one of before.
 */
export async function until<T>(what: string, look: () => Promise<T | undefined | false> | T | undefined | false): Promise<T> {
  const deadline = Date.now() + 180_000;
  for (;;) {
    const found = await Promise.resolve(look()).catch(unlessNoWorker);
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`${what}: not within three minutes`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function unlessNoWorker(error: unknown): undefined {
  if (!(error instanceof DistriError) || error.code !== 'NO_WORKER') throw error;
}

/** As `until`, for what may fail for a moment once the server is back. */
export const insist = (what: string, act: () => Promise<unknown>): Promise<boolean> => until(what, () => act().then(() => true, () => false));

/** What dies, and how the play goes on: a worker is followed by another one; a server comes back and finds its worker there. */
export type Death = [what: string, die: () => Promise<void>];

/** A theatre with one worker for all tests of the file that calls it. */
export function sharedTheatre(): { readonly theatre: Theatre; readonly deaths: Death[] } {
  let theatre: Theatre;
  let worker: WorkerProcess;
  beforeAll(async () => {
    theatre = await openTheatre();
    worker = await theatre.worker();
  });
  afterAll(() => theatre.close());
  return {
    get theatre() {
      return theatre;
    },
    deaths: [
      [
        'the worker is killed',
        async () => {
          await worker.kill();
          worker = await theatre.worker();
        },
      ],
      ['the server is killed', () => theatre.crashServer()],
    ],
  };
}

/** A step that calls `work`. */
export function work(id: string, input: JsonObject = {}, more: JsonObject = {}): JsonObject {
  return { id, kind: { type: 'tool_call', tool_name: 'work' }, input, ...more };
}

/** The numbers of a run's log, which must be 1, 2, 3 and so on for who missed nothing and saw nothing twice. */
export function seqsOf(events: readonly RunEvent[]): number[] {
  return events.flatMap((event) => (event.event === 'step_retrying' ? [] : [event.seq]));
}
