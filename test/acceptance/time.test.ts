import type { Connection as TemporalConnection } from '@temporalio/client';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import type { Connection } from '../../src/activities/connection.js';
import { DistriClient, type JsonObject, type Run } from '../../src/client/index.js';
import type { RunSnapshot } from '../../src/definition/snapshot.js';
import { createWorker, type DistriWorker } from '../../src/worker/create-worker.js';
import { defineTool } from '../../src/worker/define-tool.js';
import { timeSkippingClient } from '../support/skip-time.js';
import { uniquePrefix } from '../worker/support.js';

// Weeks in seconds: the server takes a run's next timer, or the next attempt of its activity, as due when nothing is under way.

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const address = inject('temporalAddress');
const queuePrefix = uniquePrefix('time');
const connections: Connection[] = [];
let failures: number;
let attempts: number[];
let worker: DistriWorker;
let ended: Promise<void>;
let client: DistriClient;
let temporal: TemporalConnection;

const flaky = defineTool({
  name: 'flaky',
  execute: (_input, { attempt }) => {
    attempts.push(attempt);
    if (attempt <= failures) throw new Error('not today');
    return { attempt };
  },
});

beforeAll(async () => {
  worker = await createWorker({
    address,
    queuePrefix,
    workflowBundle: { codePath: inject('workflowBundlePath') },
    logger: pino({ level: 'silent' }),
    skills: ['native:tool'],
    tools: [flaky],
    connections: { get: async (skill) => connections.find((each) => each.skill === skill), list: async () => connections },
  });
  ended = worker.run();
  const skipping = await timeSkippingClient(address);
  temporal = skipping.connection;
  client = DistriClient.fromClient(skipping.client, { queuePrefix });
});
afterAll(async () => {
  await client?.close();
  await worker?.shutdown();
  await ended;
  await temporal?.close();
});
beforeEach(() => {
  failures = 0;
  attempts = [];
});

const note = (id: string, message: string, more: JsonObject = {}): JsonObject => ({ id, kind: { type: 'checkpoint', message }, ...more });
const call = (id: string, more: JsonObject = {}): JsonObject => ({ id, input: {}, kind: { type: 'tool_call', tool_name: 'flaky' }, ...more });
const ask = (id: string, days: number, more: JsonObject = {}): JsonObject => ({
  id,
  timeout_secs: (days * DAY) / 1000,
  on_error: 'continue',
  kind: { type: 'wait_for_input', message: 'Well?' },
  ...more,
});

const start = (id: string, steps: JsonObject[], more: JsonObject = {}): Promise<Run> => client.start({ id, ...more, steps });

/** Milliseconds from the run's start to the end of a step, in the run's time. */
function took({ started_at, steps }: RunSnapshot, step: string): number {
  return Date.parse(steps[step]?.completed_at ?? '') - Date.parse(started_at);
}

/** What is due after so long comes then, and within ten minutes of the run's time, in which the machine may be slow. */
function expectAfter(actual: number, due: number): void {
  expect(actual).toBeGreaterThanOrEqual(due);
  expect(actual).toBeLessThan(due + 10 * MINUTE);
}

test('a delay of 30 days takes 30 days', async () => {
  const run = await start('month', [{ id: 'rest', kind: { type: 'delay', secs: (30 * DAY) / 1000 } }, note('after', 'rested until {steps.rest.until}')]);
  const end = await run.result();
  expect(end.status).toBe('completed');
  expectAfter(took(end, 'after'), 30 * DAY);
});

test('a delay lasts until the time that it names', async () => {
  const until = new Date(Date.now() + 400 * DAY).toISOString();
  const run = await start('until', [{ id: 'rest', kind: { type: 'delay', until: '{input.until}' } }, note('after', 'x')], {
    context: { input: { until } },
  });
  const end = await run.result();
  expectAfter(Date.parse(end.steps['rest']?.completed_at ?? ''), Date.parse(until));
});

test('a question that nobody answers for seven days goes to the next one, and then on without an answer', async () => {
  const escalates = { skip_if: '{steps.manager.error_code} != TIMED_OUT' };
  const run = await start('escalation', [ask('manager', 7), call('tell', escalates), ask('director', 2, escalates), note('end', '{steps.director.error_code}')]);
  const end = await run.result();
  expect(end).toMatchObject({
    status: 'completed',
    output: { message: 'TIMED_OUT' },
    steps: { manager: { status: 'failed', error_code: 'TIMED_OUT' }, tell: { status: 'done' }, director: { status: 'failed', error_code: 'TIMED_OUT' } },
  });
  expectAfter(took(end, 'manager'), 7 * DAY);
  expectAfter(took(end, 'end'), 9 * DAY);
});

test('a step is tried again after hours, and each wait is longer by its factor', async () => {
  failures = 3;
  const retry = { max_attempts: 4, initial_interval_secs: 3_600, backoff_coefficient: 2, max_interval_secs: 10_800 };
  const run = await start('patience', [call('fetch', { retry })]);
  const end = await run.result();
  expect(end.steps['fetch']).toMatchObject({ status: 'done', attempts: 4, result: { attempt: 4 } });
  expect(attempts).toEqual([1, 2, 3, 4]);
  expectAfter(took(end, 'fetch'), 1 * HOUR + 2 * HOUR + 3 * HOUR);
});

test('a run that lacks a connection, though its tool is there, sleeps for hours in one activity, and wakes by itself', async () => {
  const run = await start('blocked', [call('copy', { requires: [{ skill: 'google:drive' }] })]);
  const execution = { workflowId: run.id };
  const looks = async () => {
    const { pendingActivities } = await temporal.workflowService.describeWorkflowExecution({ namespace: 'default', execution });
    return pendingActivities?.find((each) => each.activityType?.name === 'await_requirements')?.attempt ?? 0;
  };
  // After the fifth look there is one each ten minutes.
  while ((await looks()) < 12) await new Promise((resolve) => setTimeout(resolve, 100));
  expect(await scheduled(run)).toEqual(['await_requirements']);
  expect((await run.snapshot()).steps['copy']).toMatchObject({ status: 'blocked', missing: ['google:drive'] });
  connections.push({ skill: 'google:drive', permissions: [], env: {}, secrets: {}, headers: {}, hosts: [], revision: '1' });
  const end = await run.result();
  expect(end).toMatchObject({ status: 'completed', steps: { copy: { attempts: 1 } } });
  expect(took(end, 'copy')).toBeGreaterThan(HOUR);
});

/** The types of the activities that were begun so far. */
async function scheduled(run: Run): Promise<unknown[]> {
  const { history } = await temporal.workflowService.getWorkflowExecutionHistory({ namespace: 'default', execution: { workflowId: run.id } });
  return (history?.events ?? []).flatMap((event) => event.activityTaskScheduledEventAttributes?.activityType?.name ?? []);
}
