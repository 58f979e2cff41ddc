import { readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { JsonObject, Run } from '../../src/client/index.js';
import { serve } from '../support/http.js';
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

test('a tool, a script and a call whose worker dies run again elsewhere, and what had finished does not', async () => {
  const held: ServerResponse[] = [];
  const web = await serve((_request, response) => void held.push(response));
  const scripts = join(theatre.folder, 'scripts-lost');
  const gate = theatre.gate('lost');
  const behind = { depends_on: ['first'], execution: 'parallel' };
  const first = await worker();
  const run = await theatre.client.start({
    id: 'lost',
    steps: [
      work('first'),
      work('tool', { gate }, behind),
      waitingScript('script', scripts, gate, behind),
      { id: 'call', kind: { type: 'api_call', method: 'POST', url: web.url }, ...behind },
      work('last', { call: '{steps.call.status}' }, { depends_on: ['tool', 'script', 'call'] }),
    ],
  });
  const running = (times: number) => async () =>
    (await callsOf(run, 'tool')).length === times && (await linesOf(scripts)) === times && held.length === times;
  await until('all three run', running(1));
  await first.kill();
  await worker();
  await until('all three run again', running(2));
  const { steps: live } = await run.snapshot();
  expect(live['tool']).toMatchObject({ status: 'running', attempts: 2 });

  await theatre.open('lost');
  held[1]?.writeHead(200).end('fine');
  const { steps, status } = await run.result();
  await web.close();
  expect(status).toBe('completed');
  const [before, after] = await callsOf(run, 'tool');
  expect(before?.pid).toBe(first.pid);
  expect(steps['tool']).toMatchObject({ status: 'done', attempts: 2, result: { mark: after?.mark, attempt: 2 } });
  expect(steps['script']).toMatchObject({ status: 'done', attempts: 2, result: { started: 2 } });
  expect(steps['call']).toMatchObject({ status: 'done', attempts: 2, result: { status: 200 } });
  const [once, ...again] = await callsOf(run, 'first');
  expect(again).toEqual([]);
  expect(steps['first']).toMatchObject({ attempts: 1, result: { mark: once?.mark } });
  expect(await callsOf(run, 'last')).toHaveLength(1);
}, 120_000);

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
  const ended = Date.now();
  expect(end.code).toBe(0);
  expect(() => process.kill(Number(pid), 0), 'the script that was handed back has ended').toThrow('ESRCH');
  await until('both run elsewhere', async () => (await callsOf(run, 'long')).length === 2 && (await linesOf(scripts)) === 2);
  expect((await callsOf(run, 'long'))[1]?.at).toBeLessThan(ended + 8_000);

  await theatre.open('handed');
  const { steps: done } = await run.result();
  expect(done['short']).toMatchObject({ status: 'done', attempts: 1 });
  expect(await callsOf(run, 'short')).toHaveLength(1);
  expect(done['long']).toMatchObject({ status: 'done', attempts: 2 });
  expect(done['script']).toMatchObject({ status: 'done', attempts: 2, result: { started: 2 } });
}, 120_000);
