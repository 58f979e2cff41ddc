import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import type { PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { DistriClient, temporalUiUrl, type ClientWarning, type RunEvent } from '../../src/client/index.js';
import { defineTool } from '../../src/worker/define-tool.js';
import { chain, review } from './documents.js';
import { collect, eventually, openStage, runWorker, type Stage } from './stage.js';

const tools = [
  defineTool({
    name: 'shout',
    input: z.object({ text: z.string() }),
    execute: ({ text: said }) => ({ said: said.toUpperCase() }),
  }),
];

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(async () => {
  await stage?.close();
});

/** What an event says; its time is that of whichever worker told it. */
function told({ at: _at, ...event }: RunEvent): unknown {
  return event;
}

describe('connect', () => {
  test('says that no server answers, in time', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    const address = silent.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const begun = Date.now();
    await expect(DistriClient.connect({ address: `127.0.0.1:${port}`, connectTimeoutMs: 500 })).rejects.toMatchObject({
      code: 'NO_TEMPORAL_SERVER',
    });
    silent.close();
    await expect(DistriClient.connect({ address: '127.0.0.1:1', connectTimeoutMs: 500 })).rejects.toMatchObject({
      code: 'NO_TEMPORAL_SERVER',
    });
    // By default both would have taken 10 s.
    expect(Date.now() - begun).toBeLessThan(18_000);
  });

  test('says that the namespace is not there', async () => {
    const connecting = DistriClient.connect({ address: stage.server.address, namespace: 'nowhere' });
    await expect(connecting).rejects.toMatchObject({ code: 'NAMESPACE_NOT_FOUND', message: expect.stringContaining('nowhere') as string });
  });
});

describe('without a worker', () => {
  test('a live run cannot be asked or answered, and its reader waits until a worker comes', async () => {
    const run = await stage.client.start(review);
    await expect(run.snapshot()).rejects.toMatchObject({ code: 'NO_WORKER' });
    await expect(run.answer('approve', { approved: true })).rejects.toMatchObject({ code: 'NO_WORKER' });
    expect(await run.describe()).toMatchObject({ status: 'running', workflow_id: 'review' });
    const reading = collect(run.events());
    const first = await runWorker(stage, { tools });
    await eventually(async () => ((await run.snapshot()).status === 'paused' ? true : undefined));
    await first.stop();
    const late = collect(run.events({ after: 2 }));
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const second = await runWorker(stage, { tools });
    expect((await run.snapshot()).steps.approve?.status).toBe('waiting_for_input');
    await run.answer('approve', { approved: true });
    const events = await reading;
    expect(events.at(-1)).toMatchObject({ event: 'workflow_completed', status: 'completed' });
    expect((await late).map(told)).toEqual(events.slice(2).map(told));
    await run.result();
    await second.stop();
    const asked = stage.client.getRun(run.id);
    expect((await asked.snapshot()).status).toBe('completed');
    expect((await collect(asked.events())).map(told)).toEqual(events.map(told));
    expect(await asked.checkpoints()).toHaveLength(2);
  });

  test('a canceled run is read whole', async () => {
    const run = await stage.client.start(review);
    const worker = await runWorker(stage, { tools });
    await eventually(async () => ((await run.snapshot()).status === 'paused' ? true : undefined));
    await run.cancel('enough');
    await run.result().catch(() => undefined);
    await worker.stop();
    expect(await run.snapshot()).toMatchObject({
      status: 'canceled',
      error: 'The run was canceled: enough',
      steps: { draft: { result: { said: 'DRAFT' } } },
    });
  });

  test('a reader who waits is told that the run was terminated', async () => {
    const run = await stage.client.start(review);
    const reading = collect(run.events());
    await new Promise((resolve) => setTimeout(resolve, 300));
    await run.terminate('nobody came');
    expect((await reading).map((event) => event.event)).toEqual(['snapshot', 'workflow_completed']);
  });
});

test('a stuck interpreter shows as an engine error', async () => {
  const connection = await NativeConnection.connect({ address: stage.server.address });
  const workflowsPath = fileURLToPath(new URL('./broken-workflow.ts', import.meta.url));
  const worker = await Worker.create({ connection, taskQueue: 'broken', workflowsPath });
  const client = await DistriClient.connect({ address: stage.server.address, queuePrefix: 'broken' });
  await worker.runUntil(async () => {
    const run = await client.start(review);
    const description = await eventually(async () => {
      const described = await run.describe();
      return described.engine_error === undefined ? undefined : described;
    });
    expect(description.engine_error).toContain('the interpreter broke');
    expect(await run.snapshot()).toMatchObject({
      status: 'running',
      workflow_id: 'review',
      engine_error: expect.stringContaining('the interpreter broke') as string,
      steps: { draft: { status: 'pending' } },
    });
    await run.terminate();
  });
  await client.close();
  await connection.close();
});

describe('a namespace without search attributes', () => {
  test('runs documents, warns once how to add them, and lists what Temporal knows', async () => {
    const { temporal } = stage.client;
    const duration = proto.google.protobuf.Duration.fromObject({ seconds: 24 * 60 * 60 });
    await temporal.workflowService.registerNamespace({
      namespace: 'bare',
      workflowExecutionRetentionPeriod: duration,
    });
    const warnings: ClientWarning[] = [];
    const client = await eventually(() =>
      DistriClient.connect({ address: stage.server.address, namespace: 'bare', onWarning: (warning) => warnings.push(warning) }).catch(
        () => undefined,
      ),
    );
    const run = await eventually(() => client.start(chain(1)).catch(() => undefined));
    const other = await client.start({ ...chain(1), id: 'other' });
    expect(warnings).toEqual([expect.objectContaining({ code: 'SEARCH_ATTRIBUTES_MISSING' })]);
    expect(warnings[0]?.message).toContain('--name DistriStatus --type Keyword');
    await eventually(async () => ((await collect(client.listRuns())).length === 2 ? true : undefined));
    expect((await collect(client.listRuns({ workflowId: 'other' }))).map((each) => each.run_id)).toEqual([other.id]);
    await expect(collect(client.listRuns({ status: 'blocked' }))).rejects.toMatchObject({ code: 'SEARCH_ATTRIBUTES_MISSING' });
    const { signalled, settled } = await client.connectionsChanged(['google:drive']);
    expect(signalled).toBe(2);
    await run.terminate();
    await client.close();
    await settled;
  });
});

test('a payload that needs another codec is CODEC_MISMATCH, not an empty value', async () => {
  const connection = await Connection.connect({ address: stage.server.address });
  const rot: PayloadCodec = {
    encode: async (payloads) =>
      payloads.map((payload) => ({ metadata: { encoding: Buffer.from('binary/rot') }, data: Buffer.from(JSON.stringify(payload)) })),
    decode: async (payloads) => payloads,
  };
  const coded = DistriClient.fromClient(new Client({ connection, dataConverter: { payloadCodecs: [rot] } }));
  const run = await coded.start(review);
  await run.terminate();
  await expect(stage.client.getRun(run.id).snapshot()).rejects.toMatchObject({ code: 'CODEC_MISMATCH' });
  await connection.close();
});

test('skills and tools are none when no worker has ever been there', async () => {
  const client = await DistriClient.connect({ address: stage.server.address, queuePrefix: 'unheard-of' });
  expect(await client.skills()).toEqual([]);
  expect(await client.tools()).toEqual([]);
  await client.close();
});

test('the link to the Temporal Web UI keeps ids of any text', () => {
  expect(temporalUiUrl('http://localhost:8233/', 'default', 'a/b c', 'r')).toBe(
    'http://localhost:8233/namespaces/default/workflows/a%2Fb%20c/r/history',
  );
});
