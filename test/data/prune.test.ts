import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import { ExternalStorage, type StorageDriver } from '@temporalio/common';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { createDataConverter, type DistriClient, type JsonObject } from '../../src/client/index.js';
import { startCodecServer } from '../../src/cli/codec/server.js';
import { FileStorage, ownerKey } from '../../src/temporal/data/file-storage.js';
import { pruneStorage } from '../../src/temporal/data/prune.js';
import { defineTool } from '../../src/worker/index.js';
import { rawHistory } from '../support/leaks.js';
import { filesBelow, newKey, openDataStage, type DataStage } from './stage.js';

const TWO_HOURS_MS = 2 * 60 * 60 * 1000;
const key = newKey('k');
const make = defineTool({ name: 'make', input: z.object({ bytes: z.number() }), execute: ({ bytes }) => ({ text: 'x'.repeat(bytes) }) });
const big: JsonObject = { id: 'big', steps: [{ id: 'make', kind: { type: 'tool_call', tool_name: 'make', input: { bytes: 300_000 } } }] };

let stage: DataStage;
let client: DistriClient;
beforeAll(async () => {
  stage = await openDataStage('prune');
  const settings = { payloadDir: stage.folder, encryptionKeys: [key] };
  client = await stage.client(settings);
  await stage.worker(settings, { tools: [make] });
});
afterAll(async () => {
  await stage?.close();
});

const payloads = async (): Promise<string[]> => (await filesBelow(stage.folder)).filter((file) => !file.endsWith('run.json'));

/** Lets everything in the folder be as old as if it had been written two hours ago. */
async function age(): Promise<void> {
  const then = new Date(Date.now() - TWO_HOURS_MS);
  for (const file of await filesBelow(stage.folder)) await utimes(file, then, then);
}

/** Payloads of a run that the server does not know, as those past its retention are. */
async function storeFor(runId: string): Promise<void> {
  const payload = { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(JSON.stringify(runId.repeat(10_000))) };
  await new FileStorage(stage.folder).store({ target: { kind: 'workflow', namespace: client.namespace, id: runId } }, [payload]);
}

test('payloads go when their run is gone from the server and they are an hour old, and not before', async () => {
  const kept = await client.start(big);
  await kept.result();
  await storeFor('a-run-that-is-gone');
  const all = await payloads();
  const prune = (remove: boolean) => pruneStorage(client.temporal, stage.folder, { remove });
  expect((await prune(true)).prunable).toEqual([]);

  await age();
  const report = await prune(false);
  expect(report).toMatchObject({ runs: 2, prunable: [{ run_id: 'a-run-that-is-gone', files: 1 }] });
  expect(report.prunable[0]?.bytes).toBeGreaterThan(180_000);
  expect(await payloads()).toEqual(all);

  await prune(true);
  const left = await payloads();
  expect(left).toHaveLength(all.length - 1);
  expect(left.every((file) => file.includes(ownerKey({ namespace: client.namespace, workflow_id: kept.id })))).toBe(true);
  expect((await kept.snapshot()).status).toBe('completed');
});

test('payloads that another run refers to stay, and so does what is not ours', async () => {
  const storage = new FileStorage(stage.folder);
  const target = { kind: 'workflow', namespace: client.namespace, id: 'a-child-that-is-gone' } as const;
  await storeFor(target.id);
  await mkdir(join(stage.folder, 'zz', 'not-a-run'), { recursive: true });
  await writeFile(join(stage.folder, 'zz', 'not-a-run', 'file'), 'precious');
  const prunable = async () => (await pruneStorage(client.temporal, stage.folder, { remove: false, now: Date.now() + TWO_HOURS_MS })).prunable.map((run) => run.run_id);
  expect(await prunable()).toContain('a-child-that-is-gone');

  // A parent's history as it is when it holds its child's payload.
  const driver: StorageDriver = {
    name: storage.name,
    type: storage.type,
    store: (_context, given) => storage.store({ target }, given),
    retrieve: (context, claims) => storage.retrieve(context, claims),
  };
  const dataConverter = { externalStorage: new ExternalStorage({ drivers: [driver], payloadSizeThreshold: 0 }) };
  const parent = new Client({ connection: client.temporal.connection, namespace: client.namespace, dataConverter });
  await parent.workflow.start('nobody-runs-this', { workflowId: `parent-${Date.now()}`, taskQueue: `${client.queuePrefix}-parent`, args: ['z'.repeat(1000)] });
  await expect.poll(prunable, { timeout: 60_000 }).not.toContain('a-child-that-is-gone');
  expect(await filesBelow(join(stage.folder, 'zz'))).toHaveLength(1);
});

test('payloads that a schedule begins its runs with stay as long as it is there', async () => {
  const prunable = async () => (await pruneStorage(client.temporal, stage.folder, { remove: false, now: Date.now() + TWO_HOURS_MS })).prunable.map((run) => run.run_id);
  await client.schedules.put('prune-test', {
    definition: big,
    start: { input: { text: 'x'.repeat(400_000) } },
    runIdBase: 'big-scheduled',
    cron: ['0 0 1 1 *'],
    timeZone: 'UTC',
    overlap: 'skip',
    catchupSecs: 60,
    paused: false,
    mark: 'v1',
  });
  await expect.poll(prunable, { timeout: 60_000 }).not.toContain('big-scheduled');
  await client.schedules.trigger('prune-test');
  await expect.poll(async () => (await client.schedules.describe('prune-test'))?.runs.length, { timeout: 60_000 }).toBe(1);
  const [started] = (await client.schedules.describe('prune-test'))?.runs ?? [];
  const { context } = await client.getRun(started?.runId ?? '').result();
  expect((context.input as JsonObject).text).toHaveLength(400_000);
});

test('the codec endpoint shows a payload that is encrypted and kept outside the history', async () => {
  const run = await client.start(big);
  await run.result();
  const events = (await rawHistory(client, run.id)) as { activityTaskCompletedEventAttributes?: { result?: { toJSON(): object } } }[];
  const result = events.find((event) => event.activityTaskCompletedEventAttributes)?.activityTaskCompletedEventAttributes?.result?.toJSON();
  expect(JSON.stringify(result).length).toBeLessThan(1_000);
  const dataConverter = createDataConverter({ payloadDir: stage.folder, encryptionKeys: [key] });
  const server = await startCodecServer({ dataConverter, port: 0, host: '127.0.0.1', origins: [] });
  const response = await fetch(`${server.url}/decode`, { method: 'POST', body: JSON.stringify(result) });
  const { payloads: [shown] } = (await response.json()) as { payloads: { data: string }[] };
  expect(Buffer.from(shown?.data ?? '', 'base64').toString()).toContain('x'.repeat(1000));
  await server.close();
});
