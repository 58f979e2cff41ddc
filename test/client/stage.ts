import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { startEmbedded, type EmbeddedServer } from '../../src/cli/embedded.js';
import { DistriClient } from '../../src/client/index.js';
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
  const worker = await createWorker({ address: stage.server.address, logger, shutdownGraceSecs: 1, ...options });
  const running = worker.run();
  return {
    stop: async () => {
      await worker.shutdown();
      await running;
    },
  };
}

/** Waits until a look gives something; fails after 20 s. */
export async function eventually<T>(look: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error('it did not come about within 20 s');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
