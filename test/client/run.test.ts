import { Client, type WorkflowClientInterceptor } from '@temporalio/client';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  AnswerRefusedError,
  DistriClient,
  InvalidDefinitionError,
  InvalidInputError,
  RunAlreadyExistsError,
  RunFailedError,
  RunNotFoundError,
  StepNotWaitingError,
  type RunEvent,
} from '../../src/client/index.js';
import { defineTool } from '../../src/worker/define-tool.js';
import { call, chain, failing, greeting, review } from './documents.js';
import { collect, eventually, isPaused, sharedStage, untilRun } from './stage.js';

const text = z.object({ text: z.string() });
let tries = 0;
const tools = [
  defineTool({ name: 'shout', input: text, execute: ({ text: said }) => ({ said: said.toUpperCase() }) }),
  defineTool({
    name: 'break',
    input: text,
    execute: () => {
      throw new Error('the tool broke');
    },
  }),
  defineTool({
    name: 'flaky',
    maxAttempts: 3,
    execute: () => {
      tries += 1;
      if (tries < 3) throw new Error(`try ${tries} failed`);
      return { tries };
    },
  }),
];

const stage = sharedStage({ tools });

function seqs(events: RunEvent[]): number[] {
  return events.flatMap((event) => (event.event === 'step_retrying' ? [] : [event.seq]));
}

describe('start', () => {
  test('runs a document to its end and gives its snapshot', async () => {
    const run = await stage.client.start(greeting, { input: { name: 'Ada' }, owner: 'ops' });
    expect(run.id).toMatch(/^greeting-[0-9a-f-]{36}$/);
    const snapshot = await run.result();
    expect(snapshot).toMatchObject({
      run_id: run.id,
      temporal_run_id: run.temporalRunId,
      workflow_id: 'greeting',
      version: 3,
      status: 'completed',
      output: { said: 'HELLO ADA' },
      steps: { shout: { status: 'done', result: { said: 'HELLO ADA' } } },
      context: { name: 'Ada', input: { name: 'Ada' }, steps: { hello: { message: 'Hello Ada' } } },
    });
    expect(await run.snapshot()).toEqual(snapshot);
    expect(await run.context()).toEqual(snapshot.context);
    expect(await run.describe()).toMatchObject({ status: 'completed', workflow_id: 'greeting', owner: 'ops', name: 'Says hello', version: 3 });
  });

  test('refuses a taken run id, also of a run that has ended, and leaves that run alone', async () => {
    const first = await stage.client.start(greeting, { input: { name: 'Ada' }, runId: 'mine' });
    await expect(stage.client.start(review, { runId: 'mine' })).rejects.toThrow(RunAlreadyExistsError);
    expect((await first.result()).workflow_id).toBe('greeting');
    await expect(stage.client.start(review, { runId: 'mine' })).rejects.toMatchObject({ code: 'RUN_ALREADY_EXISTS' });
  });

  test('refuses a bad document, input, entry point or run id before anything starts', async () => {
    const { client } = stage;
    await expect(client.start({ id: 'x', steps: 'none' })).rejects.toThrow(InvalidDefinitionError);
    await expect(client.start(greeting, { input: {}, runId: 'refused' })).rejects.toThrow(InvalidInputError);
    await expect(client.start(review, { entryPoint: 'nowhere', runId: 'refused' })).rejects.toMatchObject({ code: 'UNKNOWN_ENTRY_POINT' });
    for (const runId of ['', 'x'.repeat(1001), '\ud800', 'a\nb']) {
      await expect(client.start(review, { runId })).rejects.toMatchObject({ code: 'BAD_ID' });
    }
    const big = { text: 'x'.repeat(3_000_000) };
    await expect(client.start(review, { input: big, runId: 'refused' })).rejects.toMatchObject({ code: 'INPUT_TOO_LARGE' });
    await expect(client.getRun('refused').describe()).rejects.toThrow(RunNotFoundError);
  });

  test('takes run ids and definition ids of any text', async () => {
    const run = await stage.client.start({ ...chain(1), id: `it's "ünï" \\ 100% / 🙂` }, { runId: 'ru/n 🙂?#%' });
    expect(await run.result()).toMatchObject({ status: 'completed', run_id: 'ru/n 🙂?#%' });
    const named = await stage.client.start({ ...chain(1), id: '🙂' });
    expect(named.id).toMatch(/^workflow-/);
    await named.result();
  });
});

describe('events', () => {
  test('come in order with no gap, live and again from the history', async () => {
    const run = await stage.client.start(greeting, { input: { name: 'Ada' } });
    const live = await collect(run.events());
    expect(live.map((event) => event.event)).toEqual([
      'workflow_started',
      'step_started',
      'step_completed',
      'step_started',
      'step_completed',
      'workflow_completed',
    ]);
    expect(seqs(live)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(live[4]).toMatchObject({ step_id: 'shout', result: { said: 'HELLO ADA' } });
    await run.result();
    expect(await collect(run.events())).toEqual(live);
    expect(seqs(await collect(run.events({ after: 4 })))).toEqual([5, 6]);
    expect(await collect(run.events({ after: 6 }))).toEqual([]);
  });

  test('of many readers are complete for each', async () => {
    const run = await stage.client.start(review);
    const readers = Array.from({ length: 10 }, () => collect(run.events()));
    await untilRun(run, isPaused);
    const late = collect(run.events({ after: 2 }));
    await run.answer('approve', { approved: true });
    const all = await Promise.all(readers);
    const [first] = all;
    for (const one of all) expect(one).toEqual(first);
    expect(await late).toEqual(first?.slice(2));
    expect(first?.map((event) => event.event)).toContain('step_waiting');
  });

  test('begin with a snapshot for a reader who is behind the log', async () => {
    const run = await stage.client.start(chain(700));
    await run.result();
    const events = await collect(run.events());
    expect(events[0]).toMatchObject({ event: 'snapshot', snapshot: { status: 'completed' } });
    expect(seqs(events).length).toBe(1_001);
    expect(seqs(events).every((seq, index, all) => index === 0 || seq === (all[index - 1] ?? 0) + 1)).toBe(true);
  });

  test('tell of a step that is tried again', async () => {
    tries = 0;
    const run = await stage.client.start({
      id: 'retrying',
      steps: [
        { id: 'wobble', kind: { type: 'tool_call', tool_name: 'flaky' }, retry: { max_attempts: 3, initial_interval_secs: 2 } },
      ],
    });
    const events = await collect(run.events());
    expect(events.at(-1)).toMatchObject({ event: 'workflow_completed', status: 'completed' });
    expect(events.find((event) => event.event === 'step_retrying')).toMatchObject({
      step_id: 'wobble',
      workflow_id: 'retrying',
      attempt: 2,
      max_attempts: 3,
      error: expect.stringContaining('try 1 failed') as string,
    });
    expect(seqs(events)).toEqual([1, 2, 3, 4]);
  });

  test('end with the signal', async () => {
    const run = await stage.client.start(review);
    const stop = new AbortController();
    const reading = collect(run.events({ signal: stop.signal }));
    setTimeout(() => stop.abort(), 500);
    await expect(reading).rejects.toThrow(/abort/i);
    await run.terminate();
  });

  test('of an unknown run are an error', async () => {
    await expect(collect(stage.client.getRun('nobody').events())).rejects.toThrow(RunNotFoundError);
  });
});

describe('answer', () => {
  test('is checked by the schema, and a refused one leaves the step waiting', async () => {
    const run = await stage.client.start(review);
    await untilRun(run, ({ steps }) => steps.approve?.status === 'waiting_for_input');
    const refused = await run.answer('approve', { approved: 'yes' }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(AnswerRefusedError);
    expect((refused as AnswerRefusedError).problems).toEqual([expect.objectContaining({ path: '$.approved' })]);
    await expect(run.answer('draft', true)).rejects.toThrow(StepNotWaitingError);
    await expect(run.answer('nowhere', true)).rejects.toThrow(StepNotWaitingError);
    await run.answer('approve', { approved: true }, { updateId: 'once' });
    expect((await run.result()).steps.approve).toMatchObject({ status: 'done', result: { approved: true } });
    await expect(run.answer('approve', { approved: true })).rejects.toThrow(StepNotWaitingError);
    await expect(stage.client.getRun('nobody').answer('a', 1)).rejects.toThrow(RunNotFoundError);
  });
});

describe('an end that is no completion', () => {
  test('of a failed run names the step and keeps what was done', async () => {
    const run = await stage.client.start(failing);
    const error = await run.result().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(RunFailedError);
    const { code, message, snapshot } = error as RunFailedError;
    expect(code).toBe('RUN_FAILED');
    expect(message).toContain(`'second'`);
    expect(message).toContain('the tool broke');
    expect(snapshot).toMatchObject({
      status: 'failed',
      steps: { first: { status: 'done', result: { said: 'ONE' } }, second: { status: 'failed', error_code: 'TOOL_FAILED' } },
    });
  });

  test('of a failed run names the step that failed it, not one before it that may fail', async () => {
    const run = await stage.client.start({
      id: 'tolerant',
      steps: [call('first', 'break', { on_error: 'continue' }), call('second', 'break', { input: { text: 'two' }, depends_on: ['first'] })],
    });
    const error = (await run.result().catch((caught: unknown) => caught)) as RunFailedError;
    expect(error.message).toContain("Step 'second' failed");
    expect(error.message).not.toContain('first');
  });

  test('of a canceled run keeps the reason, its results and its log', async () => {
    const run = await stage.client.start(review);
    await untilRun(run, isPaused);
    await run.cancel('no longer needed');
    await expect(run.result()).rejects.toMatchObject({ code: 'RUN_CANCELED', message: expect.stringContaining('no longer needed') as string });
    expect(await run.snapshot()).toMatchObject({ status: 'canceled', steps: { draft: { status: 'done', result: { said: 'DRAFT' } } } });
    expect((await collect(run.events())).at(-1)).toMatchObject({ event: 'workflow_completed', status: 'canceled' });
    await run.cancel('again');
    await run.terminate('again');
  });

  test('of a terminated run tells what history alone tells', async () => {
    const run = await stage.client.start(review, { input: { name: 'Ada' } });
    await untilRun(run, isPaused);
    await run.terminate('by hand');
    const snapshot = await run.snapshot();
    expect(snapshot).toMatchObject({
      status: 'failed',
      error: 'terminated: by hand',
      workflow_id: 'review',
      steps: { draft: { status: 'done', result: { said: 'DRAFT' }, attempts: 1 }, approve: { status: 'pending' } },
      context: { name: 'Ada', input: { name: 'Ada' }, steps: { draft: { said: 'DRAFT' } } },
    });
    const events = await collect(run.events());
    expect(events.map((event) => event.event)).toEqual(['snapshot', 'workflow_completed']);
    expect(events[1]).toMatchObject({ status: 'failed', error: 'terminated: by hand', steps_done: 1 });
    expect(await collect(run.events({ after: seqs(events)[1] }))).toEqual([]);
    await expect(run.result()).rejects.toMatchObject({ code: 'RUN_FAILED', message: expect.stringContaining('by hand') as string });
  });

  test('is told to a reader who was there before it', async () => {
    const run = await stage.client.start(review);
    const reading = collect(run.events());
    await untilRun(run, isPaused);
    await run.terminate('by hand');
    expect((await reading).at(-1)).toMatchObject({ event: 'workflow_completed', status: 'failed' });
  });

  test('of a run that took too long says so', async () => {
    const run = await stage.client.start(review, { executionTimeoutSecs: 1 });
    await expect(run.result()).rejects.toThrow(/timed out/);
  });
});

test('a snapshot that is taken while the run ends has its output', async () => {
  const run = await stage.client.start(review);
  await untilRun(run, isPaused);
  const { connection } = stage.client.temporal;
  const endFirst: WorkflowClientInterceptor = {
    query: async (input, next) => {
      await run.answer('approve', { approved: true });
      await run.result();
      return next(input);
    },
  };
  const late = DistriClient.fromClient(new Client({ connection, interceptors: { workflow: [endFirst] } }));
  expect(await late.getRun(run.id).snapshot()).toMatchObject({ status: 'completed', output: { approved: true } });
  await late.close();
});

describe('listRuns', () => {
  test('finds runs by status, definition and owner, newest first', async () => {
    const { client } = stage;
    const id = `o'brien "x" \\ ${Date.now()}`;
    const done = await client.start({ ...chain(1), id }, { owner: id });
    await done.result();
    const waiting = await client.start({ ...review, id });
    const found = await eventually(async () => {
      const runs = await collect(client.listRuns({ workflowId: id }));
      return runs.length === 2 && runs[0]?.status === 'paused' && runs[1]?.status === 'completed' ? runs : undefined;
    });
    expect(found.map((run) => run.run_id)).toEqual([waiting.id, done.id]);
    expect(found[1]).toMatchObject({ workflow_id: id, owner: id, temporal_run_id: done.temporalRunId });
    expect((await collect(client.listRuns({ workflowId: id, status: 'paused' }))).map((run) => run.run_id)).toEqual([waiting.id]);
    expect(await collect(client.listRuns({ workflowId: id, status: 'failed' }))).toEqual([]);
    expect((await collect(client.listRuns({ owner: id }))).map((run) => run.run_id)).toEqual([done.id]);
    expect(await collect(client.listRuns({ limit: 1 }))).toHaveLength(1);
    await waiting.terminate();
  });
});

describe('checkpoints', () => {
  test('are one per finished step, with the state as it was then', async () => {
    const run = await stage.client.start(greeting, { input: { name: 'Ada' } });
    await run.result();
    const checkpoints = await run.checkpoints();
    expect(checkpoints.map((checkpoint) => checkpoint.checkpoint_id)).toEqual([`${run.id}/hello`, `${run.id}/shout`]);
    const { checkpoint, state } = await run.loadCheckpoint(`${run.id}/hello`);
    expect(checkpoint).toEqual(checkpoints[0]);
    expect(state).toMatchObject({ name: 'Ada', steps: { hello: { message: 'Hello Ada' } } });
    expect(state).not.toHaveProperty('steps.shout');
    await expect(run.loadCheckpoint('none')).rejects.toMatchObject({ code: 'CHECKPOINT_NOT_FOUND' });
  });
});

describe('what workers offer', () => {
  test('is listed by skill and by tool', async () => {
    expect((await stage.client.skills()).map((skill) => skill.skill)).toContain('native:tool');
    expect((await stage.client.tools()).map((tool) => tool.name)).toEqual(['break', 'flaky', 'shout']);
  });
});
