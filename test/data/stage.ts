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

/** Every text and every run of bytes below a value, the bytes as text; `at`: the key of the field that holds it. */
export function* textsIn(value: unknown, at = ''): Generator<{ at: string; text: string }> {
  if (typeof value === 'string') yield { at, text: value };
  else if (value instanceof Uint8Array) yield { at, text: Buffer.from(value).toString('utf8') };
  else if (Array.isArray(value)) for (const item of value as unknown[]) yield* textsIn(item, at);
  else if (typeof value === 'object' && value !== null) for (const [key, item] of Object.entries(value)) yield* textsIn(item, key);
}

/** The raw events of a run's newest execution, as the server keeps them. */
export async function rawHistory(client: DistriClient, runId: string): Promise<object[]> {
  const { workflowService } = client.temporal;
  const events: object[] = [];
  let nextPageToken: Uint8Array | null | undefined;
  do {
    const page = await workflowService.getWorkflowExecutionHistory({
      namespace: client.namespace,
      execution: { workflowId: runId },
      ...(nextPageToken ? { nextPageToken } : {}),
    });
    events.push(...(page.history?.events ?? []));
    nextPageToken = page.nextPageToken;
  } while (nextPageToken && nextPageToken.length > 0);
  return events;
}
