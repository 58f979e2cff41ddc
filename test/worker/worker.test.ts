import { Client, Connection as ClientConnection } from '@temporalio/client';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import type { Connection } from '../../src/activities/connection.js';
import { startEmbedded } from '../../src/cli/embedded.js';
import { QUERIES, type FinalRecord, type RunInput } from '../../src/definition/messages.js';
import type { RunSnapshot } from '../../src/definition/snapshot.js';
import type { StepKind } from '../../src/definition/types.js';
import { createWorker, type DistriWorker } from '../../src/worker/create-worker.js';
import { defineTool } from '../../src/worker/define-tool.js';
import type { WorkerOptions } from '../../src/worker/options.js';
import { readCatalogue } from '../../src/temporal/catalogue.js';
import { lossesOf } from '../support/history.js';
import { uniquePrefix, until } from './support.js';

const address = inject('temporalAddress');
const common: WorkerOptions = {
  address,
  namespace: 'default',
  workflowBundle: { codePath: inject('workflowBundlePath') },
  logger: pino({ level: 'silent' }),
};
let connection: ClientConnection;
let client: Client;
const started: { worker: DistriWorker; ended: Promise<void> }[] = [];

beforeAll(async () => {
  connection = await ClientConnection.connect({ address });
  client = new Client({ connection });
});
afterAll(() => connection.close());
afterEach(async () => {
  await Promise.all(started.splice(0).map(({ worker }) => worker.shutdown()));
});

async function start(options: WorkerOptions): Promise<DistriWorker> {
  const worker = await createWorker({ ...common, ...options });
  started.push({ worker, ended: worker.run() });
  return worker;
}

const echo = defineTool({ name: 'echo', execute: (input) => ({ echoed: input }) });

/** Starts a run of one tool call. */
const callTool = (prefix: string, tool: string) => startRun(prefix, { type: 'tool_call', tool_name: tool, input: { a: 1 } });

async function startRun(prefix: string, kind: StepKind) {
  const definition = { id: 'one-step', steps: [{ id: 'call', kind }] };
  const input: RunInput = { definition, definition_hash: 'test', search_attributes: false };
  return client.workflow.start('distriWorkflow', {
    workflowId: uniquePrefix('run'),
    taskQueue: prefix,
    args: [input],
    workflowExecutionTimeout: '80 seconds',
  });
}

type Handle = Awaited<ReturnType<typeof callTool>>;

async function stepOf(handle: Handle) {
  const record = (await handle.result()) as FinalRecord;
  return record.snapshot.steps['call'];
}

const get = async (url: string) => {
  const answer = await fetch(url);
  return { status: answer.status, body: await answer.text() };
};

describe('a worker', () => {
  test('runs a document, says over HTTP that it is alive and ready, and counts what it did', async () => {
    const queuePrefix = uniquePrefix('whole');
    const worker = await createWorker({ ...common, queuePrefix, tools: [echo], metrics: { host: '127.0.0.1', port: 0 } });
    started.push({ worker, ended: Promise.resolve() });
    const url = worker.metricsUrl ?? '';
    expect(worker.skills).toEqual(['native:network', 'native:shell', 'native:tool']);
    expect(await get(`${url}/healthz`)).toEqual({ status: 200, body: 'alive\n' });
    expect(await get(`${url}/readyz`)).toEqual({ status: 503, body: 'not every queue is polled\n' });

    const ended = worker.run();
    expect(await get(`${url}/readyz`)).toEqual({ status: 200, body: 'ready\n' });
    expect(await stepOf(await callTool(queuePrefix, 'echo'))).toMatchObject({ status: 'done', result: { echoed: { a: 1 } } });

    const metrics = (await get(`${url}/metrics`)).body;
    expect(metrics).toContain('distri_step_attempts_total{kind="tool_call",outcome="done"} 1');
    expect(metrics).toContain('distri_activities_running{skill="native:tool"} 0');
    expect(metrics).toContain('process_cpu_seconds_total');
    expect(metrics).toContain('temporal_worker_task_slots_available');
    expect((await get(`${url}/else`)).status).toBe(404);

    await worker.shutdown();
    await ended;
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
  });

  test('is in the catalogue with its tools while it lives', async () => {
    const queuePrefix = uniquePrefix('announce');
    const identity = 'tester@here';
    await start({ queuePrefix, skills: [] });
    const offering = await start({ queuePrefix, engine: false, skills: ['native:tool'], tools: [echo], identity });
    const offered = async () => (await readCatalogue(client, queuePrefix)).find((each) => each.identity === identity);
    const entry = await until(offered, (each) => each !== undefined);
    expect(entry).toMatchObject({ skills: ['native:tool'], tools: [{ name: 'echo', skill: 'native:tool' }] });
    await offering.shutdown();
    await until(offered, (each) => each === undefined);
  });

  test('finds the tools and the queues of another worker', async () => {
    const queuePrefix = uniquePrefix('split');
    await start({ queuePrefix, skills: [] });
    await start({ queuePrefix, engine: false, skills: ['native:tool'], tools: [echo] });
    expect(await stepOf(await callTool(queuePrefix, 'echo'))).toMatchObject({ status: 'done' });
  });

  test('unblocks a run that waited for its skill', async () => {
    const queuePrefix = uniquePrefix('unblock');
    await start({ queuePrefix, skills: [] });
    const handle = await startRun(queuePrefix, { type: 'script', command: 'echo 7' });
    const look = async () => (await handle.query<RunSnapshot>(QUERIES.snapshot)).status;
    await until(look, (status) => status === 'blocked');
    await start({ queuePrefix, engine: false, skills: ['native:shell'] });
    expect(await stepOf(handle)).toMatchObject({ status: 'done', result: 7 });
  });

  test('with all skills serves the queue of a connection that is added later, and tells the catalogue', async () => {
    const connections: Connection[] = [];
    const queuePrefix = uniquePrefix('grow');
    const worker = await start({
      queuePrefix,
      connections: {
        get: async (skill) => connections.find((each) => each.skill === skill),
        list: async () => connections,
      },
    });
    const blank = { permissions: [], env: {}, secrets: {}, headers: {}, hosts: [], revision: '1' };
    connections.push({ ...blank, skill: 'google:drive' }, { ...blank, skill: 'not a skill' });
    await until(() => worker.skills, (skills) => skills.includes('google:drive'));
    expect(worker.skills).not.toContain('not a skill');
    expect(worker.isRunning).toBe(true);
    const announced = async () => (await readCatalogue(client, queuePrefix)).flatMap((each) => each.skills);
    await until(announced, (skills) => skills.includes('google:drive'));
  });
});

describe('shutdown', () => {
  test('lets a running activity finish', async () => {
    const queuePrefix = uniquePrefix('finish');
    const calls: string[] = [];
    const slow = defineTool({
      name: 'slow',
      execute: async () => {
        calls.push('begun');
        await sleep(1_500);
        calls.push('ended');
        return 'slept';
      },
    });
    await start({ queuePrefix, skills: [] });
    const worker = await start({ queuePrefix, engine: false, skills: ['native:tool'], tools: [slow] });
    const handle = await callTool(queuePrefix, 'slow');
    await until(() => calls.length, (count) => count === 1);
    await worker.shutdown();
    expect(calls).toEqual(['begun', 'ended']);
    expect(await stepOf(handle)).toMatchObject({ status: 'done', result: { output: 'slept' } });
    expect(calls).toEqual(['begun', 'ended']);
  });

  test('hands back an activity that does not finish in time, and another worker does it', async () => {
    const queuePrefix = uniquePrefix('hand-back');
    let begun = 0;
    const wait = (name: string) =>
      defineTool({
        name: 'wait',
        execute: async (_input, { signal }) => {
          begun += 1;
          // Longer than this test may take.
          if (name === 'first') await sleep(300_000, undefined, { signal });
          return name;
        },
      });
    await start({ queuePrefix, skills: [] });
    const skills = ['native:tool'];
    const first = await start({ queuePrefix, engine: false, skills, tools: [wait('first')], shutdownGraceSecs: 0.2 });
    const handle = await callTool(queuePrefix, 'wait');
    await until(() => begun, (count) => count === 1);
    await first.shutdown();
    await start({ queuePrefix, engine: false, skills, tools: [wait('second')] });
    expect(await stepOf(handle)).toMatchObject({ status: 'done', result: { output: 'second' } });
    expect(await lossesOf(client, handle.workflowId)).toEqual(['handed back']);
  });

  test('ends when the server is gone, and readiness says so before', async () => {
    const server = await startEmbedded({ memory: true, ui: false, log: () => undefined });
    const worker = await start({ address: server.address, metrics: { host: '127.0.0.1', port: 0 } });
    await server.stop();
    const ready = await get(`${worker.metricsUrl}/readyz`);
    expect(ready).toEqual({ status: 503, body: `the Temporal server at ${server.address} does not answer\n` });
    await worker.shutdown();
  });

  test('works before the worker has run, and twice', async () => {
    const worker = await createWorker({ ...common, queuePrefix: uniquePrefix('never') });
    await worker.shutdown();
    await worker.shutdown();
    await worker.run();
    expect(worker.isRunning).toBe(false);
  });
});

describe('createWorker refuses', () => {
  const refusal = (options: WorkerOptions) =>
    createWorker({ ...common, queuePrefix: uniquePrefix('refused'), ...options }).then(
      () => 'nothing',
      (error: { code?: string; message: string }) => error.code ?? error.message,
    );

  test.each([
    ['a server that does not answer', { address: '127.0.0.1:1' }, 'NO_TEMPORAL_SERVER'],
    ['a namespace that does not exist', { namespace: 'nowhere' }, 'NAMESPACE_NOT_FOUND'],
    ['a skill without a colon', { skills: ['drive'] }, 'BAD_SKILL'],
    ['native:agent without a model', { skills: ['native:agent'] }, 'USAGE'],
    ['two tools of one name', { tools: [echo, echo] }, 'BAD_TOOLS_FILE'],
    ['a queue prefix that is not well-formed', { queuePrefix: 'a\ud800' }, 'USAGE'],
    ['no activity at once', { maxConcurrentActivities: 0 }, 'USAGE'],
  ])('%s', async (_what, options, code) => {
    expect(await refusal(options)).toBe(code);
  });

  test('an address that takes connections and never answers', async () => {
    const mute = createServer().listen(0, '127.0.0.1');
    await once(mute, 'listening');
    const { port } = mute.address() as AddressInfo;
    expect(await refusal({ address: `127.0.0.1:${port}` })).toBe('NO_TEMPORAL_SERVER');
    mute.close();
  });

  test('a metrics port that is taken', async () => {
    const first = await createWorker({ ...common, queuePrefix: uniquePrefix('port'), metrics: { host: '127.0.0.1', port: 0 } });
    started.push({ worker: first, ended: Promise.resolve() });
    const port = Number(new URL(first.metricsUrl ?? '').port);
    expect(await refusal({ metrics: { host: '127.0.0.1', port } })).toBe('PORT_IN_USE');
  });
});
