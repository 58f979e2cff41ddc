import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, inject } from 'vitest';
import { startEmbedded, type EmbeddedServer } from '../../src/cli/embedded.js';
import { DistriClient, type Run, type RunSnapshot } from '../../src/client/index.js';
import { createWorker } from '../../src/worker/create-worker.js';
import type { WorkerOptions } from '../../src/worker/options.js';

/** A Temporal server of its own for a test file, so that it can do without workers, or with broken ones. */
export interface Stage {
  readonly server: EmbeddedServer;
  readonly client: DistriClient;
  close(): Promise<void>;
}

/** Starts a server that keeps nothing, and connects a client to it. */
export async function openStage(): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'distri-client-'));
  const server = await startEmbedded({ folder, memory: true, ui: false });
  const client = await DistriClient.connect({ address: server.address });
  return {
    server,
    client,
    close: async () => {
      await client.close();
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A worker that runs in this process until it is stopped. */
export async function runWorker(stage: Pick<Stage, 'server'>, options: WorkerOptions = {}): Promise<{ stop(): Promise<void> }> {
  const logger = pino({ level: 'silent' });
  const workflowBundle = { codePath: inject('workflowBundlePath') };
  const worker = await createWorker({ address: stage.server.address, workflowBundle, logger, shutdownGraceSecs: 1, ...options });
  const running = worker.run();
  return {
    stop: async () => {
      await worker.shutdown();
      await running;
    },
  };
}

/** A stage with one worker for all tests of a file. */
export interface SharedStage {
  readonly client: DistriClient;
  readonly server: EmbeddedServer;
  /** Does something while the worker is away. */
  withoutWorker(act: () => Promise<void>): Promise<void>;
}

/** Opens a stage with a worker before the tests of the file that calls it, and closes both after them. */
export function sharedStage(options: WorkerOptions): SharedStage {
  let stage: Stage;
  let worker: { stop(): Promise<void> };
  beforeAll(async () => {
    stage = await openStage();
    worker = await runWorker(stage, options);
  });
  afterAll(async () => {
    await worker?.stop();
    await stage?.close();
  });
  return {
    get client() {
      return stage.client;
    },
    get server() {
      return stage.server;
    },
    withoutWorker: async (act) => {
      await worker.stop();
      try {
        await act();
      } finally {
        worker = await runWorker(stage, options);
      }
    },
  };
}

/** Looks at a run until it is as wanted. */
export async function untilRun(run: Run, good: (snapshot: RunSnapshot) => boolean): Promise<RunSnapshot> {
  return eventually(async () => {
    const snapshot = await run.snapshot();
    return good(snapshot) ? snapshot : undefined;
  });
}

/** Whether a run waits for somebody. */
export const isPaused = ({ status }: RunSnapshot): boolean => status === 'paused';

/** Waits until a look gives something; fails after a minute. */
export async function eventually<T>(look: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error('it did not come about within a minute');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
