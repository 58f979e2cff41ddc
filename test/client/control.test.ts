import { describe, expect, test } from 'vitest';
import {
  RunEndedError,
  RunFailedError,
  RunNotFoundError,
  StepNotHeldError,
  StepNotSkippableError,
  type JsonObject,
  type RunFilter,
  type RunSnapshot,
} from '../../src/client/index.js';
import { defineTool } from '../../src/worker/define-tool.js';
import { call, chain, review } from './documents.js';
import { collect, eventually, isPaused, sharedStage, untilRun } from './stage.js';

let broken = true;
const keys: string[] = [];
const tools = [
  defineTool({ name: 'shout', execute: () => ({ said: 'x' }) }),
  defineTool({
    name: 'mended',
    execute: (_input, { idempotencyKey }) => {
      keys.push(idempotencyKey);
      if (broken) throw new Error('still broken');
      return { mended: true };
    },
  }),
  defineTool({
    name: 'never',
    maxAttempts: 4,
    execute: () => {
      throw new Error('no luck');
    },
  }),
];
const note = (id: string, message: string): JsonObject => ({ id, kind: { type: 'checkpoint', message } });

const stage = sharedStage({ tools });

const waits = ({ steps }: RunSnapshot) => steps['approve']?.status === 'waiting_for_input';

describe('pause and resume', () => {
  test('let nothing new start, and go on where the run was', async () => {
    const run = await stage.client.start({ ...review, steps: [...(review['steps'] as JsonObject[]), note('after', 'x')] });
    await untilRun(run, waits);
    await run.pause();
    await run.pause();
    await run.answer('approve', { approved: true });
    const paused = await run.snapshot();
    expect(paused).toMatchObject({ status: 'paused', paused: { by: 'user' }, steps: { approve: { status: 'done' }, after: { status: 'pending' } } });
    await run.resume();
    await run.resume().catch((error: unknown) => expect(error).toBeInstanceOf(RunEndedError));
    expect(await run.result()).toMatchObject({ status: 'completed', steps: { after: { status: 'done' } } });
    const events = (await collect(run.events())).map(({ event }) => event);
    expect(events.filter((event) => event === 'run_paused' || event === 'run_resumed')).toEqual(['run_paused', 'run_resumed']);
  });

  test('of a run that has ended, or of none, are errors', async () => {
    const run = await stage.client.start(chain(1));
    await run.result();
    await expect(run.pause()).rejects.toThrow(RunEndedError);
    await expect(run.resume()).rejects.toMatchObject({ code: 'RUN_ENDED' });
    await expect(stage.client.getRun('nobody').pause()).rejects.toThrow(RunNotFoundError);
  });
});

describe('a run that holds', () => {
  const holding = { id: 'holding', on_failure: 'hold', steps: [call('fix', 'mended'), note('after', 'got {steps.fix}')] };

  test('goes on when its failed step is retried, with a new idempotency key', async () => {
    broken = true;
    keys.length = 0;
    const run = await stage.client.start(holding);
    const held = await untilRun(run, isPaused);
    expect(held).toMatchObject({ paused: { by: 'failure' }, steps: { fix: { status: 'failed', held: true, error: "Tool 'mended' failed: still broken" } } });
    await expect(run.retry('after')).rejects.toThrow(StepNotHeldError);
    await expect(run.retry('nothing')).rejects.toMatchObject({ code: 'STEP_NOT_HELD', stepId: 'nothing' });
    broken = false;
    await run.retry('fix');
    expect(await run.result()).toMatchObject({ status: 'completed', steps: { fix: { status: 'done', result: { mended: true } } } });
    expect(new Set(keys).size).toBe(2);
    await expect(run.retry('fix')).rejects.toThrow(/has ended/);
    const events = await collect(run.events());
    expect(events.map(({ event }) => event)).toEqual([
      ...['workflow_started', 'step_started', 'step_failed', 'run_paused', 'run_resumed', 'step_retried'],
      ...['step_started', 'step_completed', 'step_started', 'step_completed', 'workflow_completed'],
    ]);
    expect(events[2]).toMatchObject({ step_id: 'fix', held: true });
  });

  test('takes a retry with the same update id once', async () => {
    broken = true;
    const run = await stage.client.start(holding);
    await untilRun(run, isPaused);
    keys.length = 0;
    await run.retry('fix', { updateId: 'once' });
    await untilRun(run, isPaused);
    await run.retry('fix', { updateId: 'once' });
    expect(keys).toHaveLength(1);
    await run.terminate();
  });

  test('goes on when its failed step is skipped, with a result by hand', async () => {
    broken = true;
    const run = await stage.client.start(holding);
    await untilRun(run, isPaused);
    await run.skip('fix', { result: { by: 'hand' } });
    expect(await run.result()).toMatchObject({ output: { message: 'got {"by":"hand"}' }, steps: { fix: { status: 'skipped', result: { by: 'hand' } } } });
  });

  test('fails when it is given up', async () => {
    broken = true;
    const run = await stage.client.start(holding);
    await untilRun(run, isPaused);
    await run.resume();
    const failure: unknown = await run.result().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(RunFailedError);
    expect((failure as RunFailedError).snapshot).toMatchObject({ status: 'failed', steps: { fix: { status: 'failed' }, after: { status: 'pending' } } });
  });
});

describe('skip', () => {
  test('settles a step that waits, and one that has not run', async () => {
    const run = await stage.client.start({ ...review, steps: [...(review['steps'] as JsonObject[]), note('after', 'x'), note('end', 'end')] });
    await untilRun(run, waits);
    await run.skip('after');
    await run.skip('approve', { result: null });
    expect(await run.result()).toMatchObject({
      output: { message: 'end' },
      steps: { approve: { status: 'skipped', result: null }, after: { status: 'skipped' } },
    });
    await expect(run.skip('end')).rejects.toThrow(/has ended/);
  });

  test('of a step that is done or does not exist is refused', async () => {
    const run = await stage.client.start(review);
    await untilRun(run, waits);
    await expect(run.skip('draft')).rejects.toThrow(StepNotSkippableError);
    await expect(run.skip('nothing')).rejects.toMatchObject({ code: 'STEP_NOT_SKIPPABLE', stepId: 'nothing' });
    await run.terminate();
  });
});

describe('many runs', () => {
  const found = async (filter: RunFilter) => (await collect(stage.client.listRuns(filter))).map((run) => run.run_id).sort();
  const holding = (version: number) => ({ id: 'many', version, on_failure: 'hold', steps: [call('fix', 'mended')] });

  test('are found by version and time, retried and canceled at once', async () => {
    broken = true;
    const { client } = stage;
    const runs = await Promise.all([1, 2, 2].map((version) => client.start(holding(version))));
    await Promise.all(runs.map((run) => untilRun(run, isPaused)));
    const [first, ...others] = runs.map(({ id }) => id);
    const second = others.sort();
    await eventually(async () => ((await found({ workflowId: 'many', version: 2, status: 'paused' })).length === 2 ? true : undefined));
    expect(await found({ workflowId: 'many', version: 2 })).toEqual(second);
    expect(await found({ workflowId: 'many', startedBefore: '2020-01-01T00:00:00Z' })).toEqual([]);
    expect(await found({ workflowId: 'many', startedAfter: new Date(Date.now() - 60_000).toISOString() })).toHaveLength(3);
    await expect(found({ startedAfter: 'yesterday' })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    broken = false;
    const retried = await client.retryRuns({ workflowId: 'many', version: 2 });
    expect({ ...retried, done: retried.done.sort() }).toEqual({ done: second, unchanged: [], failed: [] });
    for (const id of second) expect(await client.getRun(id).result()).toMatchObject({ status: 'completed' });
    expect(await client.cancelRuns([first ?? '', second[0] ?? '', 'nobody'])).toEqual({
      done: [first],
      unchanged: [second[0]],
      failed: [{ run_id: 'nobody', code: 'RUN_NOT_FOUND', message: "There is no run with the id 'nobody'" }],
    });
    expect(await runs[0]?.result().catch((error: unknown) => error)).toMatchObject({ code: 'RUN_CANCELED' });
  });
});

test('a step that is tried again shows why, how often and when next', async () => {
  const run = await stage.client.start({
    id: 'retrying',
    steps: [call('by-tool', 'never', { execution: 'parallel', retry: { initial_interval_secs: 60 } }), call('by-step', 'never', { execution: 'parallel', retry: { max_attempts: 7, initial_interval_secs: 60 } })],
  });
  const { steps } = await untilRun(run, ({ steps }) => Object.values(steps).every(({ retrying }) => retrying?.next_at !== undefined));
  expect(steps).toMatchObject({
    'by-tool': { status: 'running', attempts: 1, retrying: { error: "Tool 'never' failed: no luck", max_attempts: 4 } },
    'by-step': { status: 'running', attempts: 1, retrying: { max_attempts: 7 } },
  });
  const wait = Date.parse(steps['by-step']?.retrying?.next_at ?? '') - Date.now();
  expect(wait).toBeGreaterThan(40_000);
  expect(wait).toBeLessThanOrEqual(61_000);
  await run.terminate();
});

test('without a worker the message is an error, and counts once when it is sent again', async () => {
  const run = await stage.client.start(review);
  await untilRun(run, waits);
  await stage.withoutWorker(() => expect(run.pause({ updateId: 'p' })).rejects.toMatchObject({ code: 'NO_WORKER' }));
  await run.pause({ updateId: 'p' });
  expect(await run.snapshot()).toMatchObject({ paused: { by: 'user' } });
  await run.resume();
  await run.pause({ updateId: 'p' });
  expect(await run.snapshot()).not.toHaveProperty('paused');
  await run.terminate();
});

describe('what is sent again after the run has continued as new', () => {
  const continued = async () => {
    const steps = [{ id: 'ask', kind: { type: 'wait_for_input', message: 'Well?' } }, ...Array.from({ length: 6 }, (_, index) => call(`s${index}`, 'shout')), { id: 'end', kind: { type: 'wait_for_input', message: 'Well?' } }];
    const run = await stage.client.start({ id: 'long', steps }, { continueAfterEvents: 20 });
    await untilRun(run, isPaused);
    await run.answer('ask', 1, { updateId: 'mine' });
    await untilRun(run, ({ steps: now }) => now['end']?.status === 'waiting_for_input');
    await eventually(async () => ((await run.describe()).temporal_run_id === run.temporalRunId ? undefined : true));
    return run;
  };

  test('counts once, by its update id', async () => {
    const run = await continued();
    await run.answer('ask', 1, { updateId: 'mine' });
    await expect(run.answer('ask', 1)).rejects.toMatchObject({ code: 'STEP_NOT_WAITING' });
    await run.answer('end', 2, { updateId: 'mine' });
    expect((await run.snapshot()).steps['end']?.status).toBe('waiting_for_input');
    await run.answer('end', 2);
    expect((await run.result()).steps).toMatchObject({ ask: { result: 1 }, end: { result: 2 } });
  });
});
