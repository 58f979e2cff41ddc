import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { inject } from 'vitest';
import { DistriClient } from '../../../src/client/index.js';
import type { RunSnapshot } from '../../../src/definition/snapshot.js';
import { createWorker } from '../../../src/worker/create-worker.js';
import type { WorkerOptions } from '../../../src/worker/options.js';
import type { Run } from '../../../src/client/index.js';

export interface Stopping {
  stop(): Promise<void>;
}

/** The server of all tests, with task queues that no other test file polls. */
export interface Stage extends Stopping {
  readonly client: DistriClient;
  readonly queuePrefix: string;
  /** Runs a worker in this process until it or the stage is stopped. */
  worker(options?: WorkerOptions): Promise<Stopping>;
}

export async function openStage(name: string): Promise<Stage> {
  const address = inject('temporalAddress');
  const queuePrefix = `${name}-${randomUUID().slice(0, 8)}`;
  const client = await DistriClient.connect({ address, queuePrefix });
  const workers = new Set<Stopping>();
  return {
    client,
    queuePrefix,
    worker: async (options = {}) => {
      const worker = await createWorker({
        address,
        queuePrefix,
        workflowBundle: { codePath: inject('workflowBundlePath') },
        logger: pino({ level: 'silent' }),
        shutdownGraceSecs: 1,
        ...options,
      });
      const running = worker.run();
      const stopping = {
        stop: async () => {
          workers.delete(stopping);
          await worker.shutdown();
          await running;
        },
      };
      workers.add(stopping);
      return stopping;
    },
    stop: async () => {
      await Promise.all([...workers].map((worker) => worker.stop()));
      await client.close();
    },
  };
}

/** Looks at a run until it is as wanted; fails with what it last was. */
export async function untilRun(run: Run, good: (snapshot: RunSnapshot) => boolean, timeoutMs = 60_000): Promise<RunSnapshot> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const snapshot = await run.snapshot();
    if (good(snapshot)) return snapshot;
    if (Date.now() > deadline) throw new Error(`Not as expected after ${timeoutMs} ms: ${JSON.stringify(snapshot).slice(0, 4000)}`);
    await sleep(60);
  }
}

/** Looks until a look gives something. */
export async function eventually<T>(look: () => Promise<T | undefined> | T | undefined, timeoutMs = 60_000): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`It did not come about within ${timeoutMs} ms`);
    await sleep(50);
  }
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
