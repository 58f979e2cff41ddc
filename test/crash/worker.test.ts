import { readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { RunFailedError, type JsonObject, type Run } from '../../src/client/index.js';
import { lossesOf } from '../support/history.js';
import { serve, type TestServer } from '../support/http.js';
import { openTheatre, until, work, type Call, type Theatre, type WorkerProcess } from './support.js';

let theatre: Theatre;
const workers: WorkerProcess[] = [];

beforeAll(async () => {
  theatre = await openTheatre({ memory: true });
});
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.kill()));
});
afterAll(() => theatre.close());

async function worker(...flags: string[]): Promise<WorkerProcess> {
  const started = await theatre.worker(...flags);
  workers.push(started);
  return started;
}

const callsOf = async (run: Run, step: string): Promise<Call[]> =>
  (await theatre.calls()).filter((call) => call.run === run.id && call.step === step);

/** A script that notes its start in a file and waits for a gate. */
function waitingScript(id: string, file: string, gate: string, more: JsonObject = {}): JsonObject {
  const command = 'echo $$ >> "$1"; until [ -e "$2" ]; do sleep 0.1; done; echo "{\\"started\\": $(wc -l < "$1")}"';
  return { id, kind: { type: 'script', command, args: [file, gate] }, ...more };
}

async function linesOf(file: string): Promise<number> {
  return (await readFile(file, 'utf8').catch(() => '')).split('\n').length - 1;
}

async function failureOf(run: Run): Promise<RunFailedError> {
  const failure: unknown = await run.result().catch((error: unknown) => error);
  if (failure instanceof RunFailedError) return failure;
  throw new Error(`It has not failed: ${JSON.stringify(failure)}`);
}

async function eventTypes(run: Run): Promise<string[]> {
  const { events } = await theatre.client.temporal.workflow.getHandle(run.id).fetchHistory();
  return (events ?? []).flatMap((event) => Object.keys(event).filter((key) => key.endsWith('EventAttributes') && event[key as keyof typeof event]));
}

test('workers that die between two steps leave the finished one as it is', async () => {
  const engine = await worker('--skills', 'native:network');
  const hands = await worker('--skills', 'native:tool', '--no-engine');
  const steps = [work('first', { gate: theatre.gate('between') }), work('second', { before: '{steps.first.mark}' }, { depends_on: ['first'] })];
  const run = await theatre.client.start({ id: 'between', steps });
  const [call] = await until('the first step runs', async () => (await callsOf(run, 'first')).length === 1 && callsOf(run, 'first'));
  await engine.kill();
  await theatre.open('between');
  await until('its result is recorded', async () => (await eventTypes(run)).includes('activityTaskCompletedEventAttributes'));
  await hands.kill();
  expect(await callsOf(run, 'second')).toEqual([]);

  await worker();
  const { steps: ended, status } = await run.result();
  expect(status).toBe('completed');
  expect(ended['first']).toMatchObject({ attempts: 1, result: { mark: call?.mark } });
  expect(await callsOf(run, 'first')).toHaveLength(1);
  expect(await callsOf(run, 'second')).toHaveLength(1);
});

describe('when a worker dies in the middle of steps', () => {
  const held: ServerResponse[] = [];
  const parallel = { depends_on: ['first'], execution: 'parallel' };
  const call = (id: string, method: string, url: string, more: JsonObject = {}): JsonObject => ({ id, kind: { type: 'api_call', method, url }, ...more });
  let web: TestServer;
  let broken: TestServer;
  let first: WorkerProcess;
  let second: WorkerProcess;
  let lost: Run;
  let tried: Run;
  let canceled: Run;

  const inTheMiddle = (times: number) => async () =>
    (await callsOf(lost, 'tool')).length === times && (await linesOf(join(theatre.folder, 'scripts-lost'))) === times && held.length === times;

  beforeAll(async () => {
    web = await serve((_request, response) => void held.push(response));
    broken = await serve((_request, response) => {
      if (broken.requests.length !== 2) response.writeHead(500).end('broken');
    });
    first = await theatre.worker();
    const gate = theatre.gate('lost');
    lost = await theatre.client.start({
      id: 'lost',
      steps: [
        work('first'),
        work('tool', { gate }, parallel),
        waitingScript('script', join(theatre.folder, 'scripts-lost'), gate, parallel),
        call('call', 'POST', web.url, parallel),
        work('last', { call: '{steps.call.status}' }, { depends_on: ['tool', 'script', 'call'] }),
      ],
    });
    tried = await theatre.client.start({ id: 'tried', steps: [call('get', 'GET', broken.url)] });
    canceled = await theatre.client.start({ id: 'canceled', steps: [work('first'), work('tool', { gate }), work('last')] });
    await until('all steps run', inTheMiddle(1));
    await until('the second try of the call', () => broken.requests.length === 2);
    await until('the tool of the third run', async () => (await callsOf(canceled, 'tool')).length === 1);
    await first.kill();
    await canceled.cancel('Enough');
    second = await theatre.worker();
  }, 300_000);
  afterAll(async () => {
    await Promise.all([second.kill(), web.close(), broken.close()]);
  });

  test('a tool, a script and a call run again elsewhere, and what had finished does not', async () => {
    await until('all run again', inTheMiddle(2));
    expect((await lost.snapshot()).steps).toMatchObject({ first: { attempts: 1 }, tool: { status: 'running', attempts: 2 }, last: { attempts: 0 } });
    await theatre.open('lost');
    held[1]?.writeHead(200).end('fine');
    const { steps, status } = await lost.result();
    expect(status).toBe('completed');
    const [before, after] = await callsOf(lost, 'tool');
    expect([before?.pid, after?.pid]).toEqual([first.pid, second.pid]);
    expect(steps['tool']).toMatchObject({ status: 'done', attempts: 2, result: { mark: after?.mark, attempt: 2 } });
    expect(steps['script']).toMatchObject({ status: 'done', attempts: 2, result: { started: 2 } });
    expect(steps['call']).toMatchObject({ status: 'done', attempts: 2, result: { status: 200 } });
    const [once, ...again] = await callsOf(lost, 'first');
    expect(again).toEqual([]);
    expect(steps['first']).toMatchObject({ attempts: 1, result: { mark: once?.mark } });
    expect(await callsOf(lost, 'last')).toHaveLength(1);
  });

  test('a call that was answered 500 before still has two of its three tries', async () => {
    const { steps } = (await failureOf(tried)).snapshot;
    expect(steps['get']).toMatchObject({ status: 'failed', error_code: 'HTTP_STATUS', attempts: 4 });
    expect(broken.requests).toHaveLength(4);
  });

  test('a run that is canceled meanwhile ends as canceled', async () => {
    const { code, snapshot } = await failureOf(canceled);
    expect(code).toBe('RUN_CANCELED');
    expect(snapshot.status).toBe('canceled');
    expect(snapshot.steps['first']?.result).toMatchObject({ mark: (await callsOf(canceled, 'first'))[0]?.mark });
    expect(await callsOf(canceled, 'last')).toEqual([]);
  });
});

test('a worker with a longer grace time finishes steps that need longer than 10 s, so that they run once', async () => {
  const first = await worker('--shutdown-grace', '100');
  const run = await theatre.client.start({ id: 'graceful', steps: [work('long', { ms: 14_000 })] });
  await until('it runs', async () => (await callsOf(run, 'long')).length === 1);
  await worker();
  const begun = Date.now();
  expect((await first.stop()).code).toBe(0);
  expect(Date.now() - begun, 'it ends once its step has ended').toBeLessThan(60_000);
  expect((await run.result()).steps['long']).toMatchObject({ status: 'done', attempts: 1 });
  expect(await callsOf(run, 'long')).toHaveLength(1);
}, 300_000);

test('a worker that is asked to stop finishes what it can, and hands the rest to another at once', async () => {
  const scripts = join(theatre.folder, 'scripts-handed');
  const gate = theatre.gate('handed');
  const parallel = { execution: 'parallel' };
  const first = await worker();
  const steps = [work('short', { ms: 4_000 }, parallel), work('long', { gate }, parallel), waitingScript('script', scripts, gate, parallel)];
  const run = await theatre.client.start({ id: 'handed', steps });
  await until('all run', async () => (await theatre.calls()).filter((call) => call.run === run.id).length === 2 && (await linesOf(scripts)) === 1);
  const [pid] = (await readFile(scripts, 'utf8')).split('\n');
  await worker();
  const end = await first.stop();
  expect(end.code).toBe(0);
  expect(() => process.kill(Number(pid), 0), 'the script that was handed back has ended').toThrow('ESRCH');
  await until('both run elsewhere', async () => (await callsOf(run, 'long')).length === 2 && (await linesOf(scripts)) === 2);

  await theatre.open('handed');
  const { steps: done } = await run.result();
  expect(done['short']).toMatchObject({ status: 'done', attempts: 1 });
  expect(await callsOf(run, 'short')).toHaveLength(1);
  expect(done['long']).toMatchObject({ status: 'done', attempts: 2 });
  expect(done['script']).toMatchObject({ status: 'done', attempts: 2, result: { started: 2 } });
  expect(await lossesOf(theatre.client.temporal, run.id)).toEqual(['handed back', 'handed back']);
}, 300_000);

test('a call that is answered 500 is tried three times', async () => {
  const server = await serve((_request, response) => response.writeHead(500).end('broken'));
  await worker();
  const run = await theatre.client.start({ id: 'call', steps: [{ id: 'get', kind: { type: 'api_call', method: 'GET', url: server.url } }] });
  const { steps } = (await failureOf(run)).snapshot;
  await server.close();
  expect(steps['get']).toMatchObject({ status: 'failed', error_code: 'HTTP_STATUS', attempts: 3 });
  expect(server.requests).toHaveLength(3);
});
