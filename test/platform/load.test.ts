import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { DistriClient, type RunInfo } from '../../src/client/index.js';
import type { JsonObject } from '../../src/definition/json.js';
import { start } from '../cli/support.js';
import { startLoad, type Load } from './load.js';
import { openProcesses, type Processes } from './processes.js';

const LOAD_MS = 1_000 * Number(process.env['DISTRI_TEST_LOAD_SECS'] ?? 10);
const CLIENTS = 32;
/** More than the API lets in and lets wait. */
const BURST = 1_200;
const PATIENCE = { timeout: 60_000, interval: 100 };

let processes: Processes;
let client: DistriClient;
let workflowId: string;

beforeAll(async () => {
  processes = await openProcesses();
  client = await DistriClient.connect({ address: processes.temporal });
  await processes.startWorker();
  await processes.startWorker();
  const { body } = await send('POST', '/v1/workflows', { name: 'Load', definition: document('load') });
  workflowId = body.id;
});
afterAll(async () => {
  await client.close();
  await processes.close();
});

async function send(method: string, path: string, body?: object) {
  const response = await fetch(`${processes.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${processes.token}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  // What came; each test knows what it expects.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  const json: any = text === '' ? undefined : JSON.parse(text);
  return { status: response.status, retryAfter: response.headers.get('retry-after'), body: json };
}

function document(id: string): JsonObject {
  return { id, steps: [{ id: 'say', kind: { type: 'checkpoint', message: '{input.key}' } }], output: { key: '{steps.say.message}' } };
}

/** Half of the starts are of a document, which the database has no part in; half of a stored workflow. */
function startAll(name: string, clients: number, most?: number): Load {
  const request = (number: number, key: string) =>
    number % 2 === 0 ? { path: '/v1/runs', body: { definition: document(name), input: { key } } } : { path: `/v1/workflows/${workflowId}/run`, body: { input: { key } } };
  return startLoad({ url: processes.url, token: processes.token, name, clients, request, ...(most && { most }) });
}

/** Runs that `expectEachOnce` has seen, or that are none of a load's. */
const known = new Set<string>();

async function newRuns(...workflows: string[]): Promise<RunInfo[]> {
  const runs: RunInfo[] = [];
  for (const id of workflows) for await (const run of client.listRuns({ workflowId: id })) if (!known.has(run.run_id)) runs.push(run);
  return runs;
}

/** Every start is there once, has ended well, and did what its own request asked for. */
async function expectEachOnce(load: Load, name: string): Promise<void> {
  const runs = await vi.waitFor(async () => {
    const found = await newRuns(workflowId, name);
    expect(found.filter(({ status }) => status !== 'completed')).toEqual([]);
    expect(found.length).toBeGreaterThanOrEqual(load.started.size);
    return found;
  }, { timeout: 180_000, interval: 1_000 });
  expect(runs.map(({ run_id }) => run_id).sort()).toEqual([...load.started.values()].sort());
  runs.forEach(({ run_id }) => known.add(run_id));
  const unread = [...load.started];
  const reader = async (): Promise<void> => {
    for (let next = unread.pop(); next !== undefined; next = unread.pop()) expect((await client.getRun(next[1]).snapshot()).output).toEqual({ key: next[0] });
  };
  await Promise.all(Array.from({ length: 8 }, reader));
}

const startedSince = (load: Load, count: number) => vi.waitFor(() => expect(load.started.size).toBeGreaterThan(count), PATIENCE);

describe('many clients that start runs as fast as they can', () => {
  test('start each exactly once, though the API is killed and comes back twice', async () => {
    const load = startAll('killed', CLIENTS);
    for (let kill = 1; kill <= 2; kill += 1) {
      await Promise.all([sleep(LOAD_MS / 3), startedSince(load, 20 * kill)]);
      await processes.killApi();
      await processes.startApi();
      await startedSince(load, load.started.size + 20);
    }
    await sleep(LOAD_MS / 3);
    await load.stop();
    expect(load.faults).toEqual([]);
    expect(load.answers.get('lost')).toBeGreaterThan(0);
    await expectEachOnce(load, 'killed');
    console.log(`${load.started.size} starts in ${LOAD_MS} ms and two restarts; answers: ${JSON.stringify([...load.answers])}`);
  }, 120_000 + 10 * LOAD_MS);

  test('are told to come back when it is too much, and lose nothing', async () => {
    const load = startAll('burst', BURST, BURST);
    await load.done;
    expect(load.faults).toEqual([]);
    expect(load.codes).toEqual(new Set(['OVERLOADED']));
    expect(load.started.size).toBe(BURST);
    await expectEachOnce(load, 'burst');
  });
});

describe('without Postgres', () => {
  test('what needs it is answered 503, the rest goes on, and all is well soon after it is back', async () => {
    const { api } = processes;
    const load = startAll('outage', 8);
    await startedSince(load, 20);
    const needing = { id: 'needing', steps: [{ id: 'use', requires: [{ skill: 'acme:crm' }], kind: { type: 'script', command: 'printf %s "$1"', args: ['{env.WHO}'], output_format: 'text' } }] };
    const calling = { id: 'calling', steps: [{ id: 'call', kind: { type: 'workflow', workflow_id: workflowId, input: { key: 'called' } } }], output: '{steps.call}' };
    expect((await send('PUT', '/v1/connections/acme:crm', { env: { WHO: 'Ada' } })).status).toBe(200);

    await processes.postgres.stop();
    const refused = await send('POST', `/v1/workflows/${workflowId}/run`, { input: { key: 'refused' } });
    expect(refused).toMatchObject({ status: 503, retryAfter: expect.stringMatching(/^\d+$/) as string, body: { code: 'STORE_UNAVAILABLE' } });
    expect(await send('GET', '/readyz')).toMatchObject({ status: 200, body: { database: 'down' } });
    const inline = await send('POST', '/v1/runs', { definition: document('alone'), input: { key: 'alone' } });
    expect(inline.status).toBe(201);
    await vi.waitFor(async () => expect(await send('GET', `/v1/runs/${inline.body.run_id}`)).toMatchObject({ status: 200, body: { status: 'completed' } }), PATIENCE);
    const needs = await client.start(needing, { owner: 'ann' });
    const calls = await client.start(calling, { owner: 'ann' });
    await vi.waitFor(async () => expect(await needs.snapshot()).toMatchObject({ status: 'blocked' }), PATIENCE);

    await processes.postgres.start();
    await vi.waitFor(async () => expect((await send('GET', '/readyz')).body).toMatchObject({ database: 'up' }), PATIENCE);
    await startedSince(load, load.started.size + 20);
    await load.stop();
    expect(load.faults).toEqual([]);
    expect(load.codes).toEqual(new Set(['STORE_UNAVAILABLE']));
    expect((await needs.result()).output).toEqual({ output: 'Ada' });
    expect((await calls.result()).output).toEqual({ key: 'called' });
    expect(api.child.exitCode).toBeNull();
    known.add(`${calls.id}/call`);
    await expectEachOnce(load, 'outage');
  });

  test('workers read connections afresh once it is back', async () => {
    expect((await send('PUT', '/v1/connections/acme:late', { env: { WHO: 'before' } })).status).toBe(200);
    await processes.postgres.stop();
    await processes.postgres.start();
    await vi.waitFor(async () => expect((await send('PUT', '/v1/connections/acme:late', { env: { WHO: 'after' } })).status).toBe(200), PATIENCE);
    const run = await client.start(
      { id: 'late', steps: [{ id: 'use', requires: [{ skill: 'acme:late' }], kind: { type: 'script', command: 'printf %s "$1"', args: ['{env.WHO}'], output_format: 'text' } }] },
      { owner: 'ann' },
    );
    expect((await run.result()).output).toEqual({ output: 'after' });
  });

  test.each([
    ['server', []],
    ['worker', ['--skills', 'native:tool', '--no-engine']],
    ['db', ['migrate']],
  ])('a %s that starts says so and ends with 2', async (name, flags) => {
    await processes.postgres.stop();
    try {
      const command = await start([name, ...flags, '--json'], { cwd: processes.folder, env: processes.env });
      const { code, stderr } = await command.ended;
      expect(code).toBe(2);
      expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'STORE_UNAVAILABLE', message: expect.stringContaining('ECONNREFUSED') as string, hint: expect.stringContaining('DATABASE_URL') as string } });
    } finally {
      await processes.postgres.start();
    }
  });
});
