import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { inject } from 'vitest';
import { createDataConverter, DistriClient, type DataSettings, type EncryptionKey } from '../../src/client/index.js';
import { createWorker, type WorkerOptions } from '../../src/worker/index.js';

/** Clients and workers with settings of their own on the server of all tests, and a folder that vanishes with them. */
export interface DataStage {
  readonly folder: string;
  client(settings: DataSettings): Promise<DistriClient>;
  worker(settings: DataSettings, options?: WorkerOptions): Promise<{ stop(): Promise<void> }>;
  close(): Promise<void>;
}

export async function openDataStage(name: string): Promise<DataStage> {
  const address = inject('temporalAddress');
  const queuePrefix = `${name}-${randomUUID().slice(0, 8)}`;
  const folder = await mkdtemp(join(tmpdir(), `distri-${name}-`));
  const open: (() => Promise<unknown>)[] = [];
  return {
    folder,
    client: async (settings) => {
      const client = await DistriClient.connect({ address, queuePrefix, dataConverter: createDataConverter(settings) });
      open.push(() => client.close());
      return client;
    },
    worker: async (settings, options = {}) => {
      const worker = await createWorker({
        address,
        queuePrefix,
        workflowBundle: { codePath: inject('workflowBundlePath') },
        logger: pino({ level: process.env['DISTRI_TEST_LOG'] ?? 'silent' }),
        shutdownGraceSecs: 1,
        dataConverter: createDataConverter(settings),
        ...options,
      });
      const running = worker.run();
      let stopped: Promise<void> | undefined;
      const stop = (): Promise<void> => (stopped ??= worker.shutdown().then(() => running));
      open.push(stop);
      return { stop };
    },
    close: async () => {
      for (const close of open.reverse()) await close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export function newKey(id: string): EncryptionKey {
  return { id, key: randomBytes(32).toString('base64') };
}

/** Paths of all files below a folder. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}
