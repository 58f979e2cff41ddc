import { setTimeout as sleep } from 'node:timers/promises';
import { ActivityFailure, ApplicationFailure, WorkflowFailedError } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JsonObject, JsonValue, Run } from '../../src/client/index.js';
import type { FinalRecord } from '../../src/definition/messages.js';
import { defineTool } from '../../src/worker/define-tool.js';
import { collect, eventually, openStage, untilRun, type Stage } from './support/stage.js';
import { WellKnownTools } from './support/tools.js';

let stage: Stage;
const saved: JsonObject[] = [];
/** How many saves of a run are under way, were at most, and were in all. */
const saving = new Map<string, { now: number; most: number; all: number }>();
const keepers = [
  defineTool({
    name: 'keeper',
    execute: (given) => {
      const request = given as JsonObject;
      const mine = saved.filter((one) => one.run_id === request.run_id);
      if (request.action === 'list') return mine.map(({ state: _state, ...rest }) => rest);
      if (request.action === 'load') return mine.find((one) => one.checkpoint_id === request.checkpoint_id) ?? null;
      saved.push(request);
      return null;
    },
  }),
  defineTool({
    name: 'slow_keeper',
    execute: async (given) => {
      const { run_id } = given as { run_id: string };
      const mine = saving.get(run_id) ?? { now: 0, most: 0, all: 0 };
      saving.set(run_id, mine);
      mine.now += 1;
      mine.all += 1;
      mine.most = Math.max(mine.most, mine.now);
      await sleep(20);
      mine.now -= 1;
      return null;
    },
  }),
  defineTool({
    name: 'careless_keeper',
    execute: (given) => {
      if ((given as JsonObject).step_id === 'b') throw new Error('the cupboard is full');
      return null;
    },
  }),
];

beforeAll(async () => {
  stage = await openStage('observed');
  await stage.worker({ tools: [...new WellKnownTools().list, ...keepers] });
});
afterAll(async () => {
  await stage?.stop();
});

const handleOf = (run: Run) => stage.client.temporal.workflow.getHandle(run.id);

const chain = (...ids: string[]): JsonObject[] =>
  ids.map((id, index) => ({
    id,
    label: `The ${id}`,
    ...(index === 0 ? {} : { depends_on: [ids[index - 1] ?? ''] }),
    kind: { type: 'tool_call', tool_name: 'echo', input: { id } },
  }));

describe.concurrent('the Temporal Web UI', () => {
  test('finds a run by its search attributes, and so does listRuns', async () => {
    const id = 'Searched "ünï" 🙂';
    const steps = [...chain('a'), { id: 'ask', kind: { type: 'wait_for_input', message: 'Well?' } }];
    const run = await stage.client.start({ id, version: 7, name: 'A name', steps }, { owner: 'ops', executionTimeoutSecs: 200 });
    await untilRun(run, ({ status }) => status === 'paused');
    const mine = () => collect(stage.client.listRuns({ workflowId: id, status: 'paused' }));
    const [found] = await eventually(async () => ((await mine()).length > 0 ? mine() : undefined));
    expect(found).toMatchObject({ run_id: run.id, workflow_id: id, version: 7, owner: 'ops', status: 'paused', name: 'A name' });
    const { searchAttributes, memo } = await handleOf(run).describe();
    expect(searchAttributes).toMatchObject({ DistriStatus: ['paused'], DistriVersion: [7], DistriOwner: ['ops'] });
    expect(memo).toMatchObject({ workflow_id: id, owner: 'ops' });
    await run.answer('ask', 1);
    await run.result();
    await eventually(async () => ((await mine()).length === 0 ? true : undefined));
    const ended = await collect(stage.client.listRuns({ workflowId: id, status: 'completed' }));
    expect(ended.map((one) => one.run_id)).toEqual([run.id]);
  });

  test('reads what goes on in the current details', async () => {
    const steps: JsonObject[] = [
      ...chain('a'),
      { id: 'ask', execution: 'parallel', kind: { type: 'wait_for_input', message: 'Is it *good*?' } },
      { id: 'needs', execution: 'parallel', requires: [{ skill: 'nobody:has' }], kind: { type: 'checkpoint', message: 'x' } },
    ];
    const run = await stage.client.start({ id: 'details', steps }, { executionTimeoutSecs: 200 });
    await untilRun(run, ({ status, steps: now }) => status === 'paused' && now.needs?.status === 'blocked');
    const { currentDetails } = await handleOf(run).query<{ currentDetails: string }>('__temporal_workflow_metadata');
    expect(currentDetails).toMatch(/\*\*paused\*\* · 1 of 3 done · 1 waiting for input · 1 blocked/);
    expect(currentDetails).toContain('- blocked · **needs** — Missing skills: nobody:has\n');
    expect(currentDetails).toContain('- waiting for input · **ask** — Is it \\*good\\*?\n');
    expect(currentDetails).toContain('- done · **The a**');
    await run.terminate();
  });

  test('shows each step as an activity with its id, its label and its kind, its template beside its values', async () => {
    const steps = [{ id: 'a step', label: 'Says {input.word}', kind: { type: 'tool_call', tool_name: 'echo' }, input: { said: '{input.word}' } }];
    const run = await stage.client.start({ id: 'summaries', steps }, { input: { word: 'hello' }, executionTimeoutSecs: 200 });
    await run.result();
    const { events } = await handleOf(run).fetchHistory();
    const scheduled = events?.find((event) => event.activityTaskScheduledEventAttributes);
    const attributes = scheduled?.activityTaskScheduledEventAttributes;
    expect(attributes).toMatchObject({ activityId: 'a step', activityType: { name: 'tool_call' }, taskQueue: { name: `${stage.queuePrefix}:native:tool` } });
    const text = (data: Uint8Array | null | undefined): JsonValue => JSON.parse(Buffer.from(data ?? []).toString('utf8')) as JsonValue;
    expect(text(scheduled?.userMetadata?.summary?.data)).toBe('Says hello (echo)');
    expect(text(attributes?.input?.payloads?.[0]?.data)).toMatchObject({ mapping: { said: '{input.word}' }, values: { 'input.word': 'hello' } });
  });

  test('shows a failed run as failed, with the step in its failure', async () => {
    const steps = [...chain('a'), { id: 'bad', kind: { type: 'tool_call', tool_name: 'fail', input: { message: 'it broke' } } }];
    const run = await stage.client.start({ id: 'failing', steps }, { executionTimeoutSecs: 200 });
    const error = (await handleOf(run).result().catch((caught: unknown) => caught)) as WorkflowFailedError;
    expect(error.cause).toMatchObject({ type: 'TOOL_FAILED', message: expect.stringMatching(/^Step 'bad' failed: .*it broke/) as string });
    expect((await handleOf(run).describe()).status.name).toBe('FAILED');
  });
});

describe.concurrent('external checkpoints', () => {
  test('are saved by their tool after each step, listed and loaded', async () => {
    const run = await stage.client.start({ id: 'kept', checkpoint: { type: 'external', tool_name: 'keeper' }, steps: chain('a', 'b') }, { executionTimeoutSecs: 200 });
    expect((await run.result()).warnings).toEqual([]);
    const mine = saved.filter((one) => one.run_id === run.id);
    expect(mine.map(({ action, workflow_id, step_id, checkpoint_id }) => ({ action, workflow_id, step_id, checkpoint_id }))).toEqual([
      { action: 'save', workflow_id: 'kept', step_id: 'a', checkpoint_id: `${run.id}/a` },
      { action: 'save', workflow_id: 'kept', step_id: 'b', checkpoint_id: `${run.id}/b` },
    ]);
    expect(mine[0]).toMatchObject({ state: { steps: { a: { id: 'a' } } } });
    expect(Date.parse(mine[0]?.created_at as string)).toBeGreaterThan(0);
    expect((await run.checkpoints()).map((one) => one.step_id)).toEqual(['a', 'b']);
    const loaded = await run.loadCheckpoint(`${run.id}/a`);
    expect(loaded).toMatchObject({ checkpoint: { step_id: 'a' }, state: { steps: { a: { id: 'a' } } } });
    expect(loaded.state).not.toHaveProperty('steps.b');
  });

  test('of many steps that end at once stand in line, for all of them together would be too much for one message', async () => {
    const steps = Array.from({ length: 60 }, (_, index) => ({ id: `s${index}`, execution: 'parallel', kind: { type: 'checkpoint', message: 'x' } }));
    const input = { data: 'x'.repeat(50_000) };
    const run = await stage.client.start({ id: 'many', checkpoint: { type: 'external', tool_name: 'slow_keeper' }, steps }, { input, executionTimeoutSecs: 200 });
    expect((await run.result()).warnings).toEqual([]);
    expect(saving.get(run.id)).toMatchObject({ all: 60, now: 0 });
    expect(saving.get(run.id)?.most).toBeLessThanOrEqual(10);
  });

  test('of a state that no payload holds are a warning, and the run goes on', async () => {
    const big = (id: string, after: string[]): JsonObject => ({ id, depends_on: after, input: { bytes: 1_100_000 }, kind: { type: 'tool_call', tool_name: 'big' } });
    const document = { id: 'large', checkpoint: { type: 'external', tool_name: 'keeper' }, steps: [big('a', []), big('b', ['a']), { id: 'c', depends_on: ['b'], kind: { type: 'checkpoint', message: 'x' } }] };
    const run = await stage.client.start(document, { executionTimeoutSecs: 200 });
    const { status, warnings } = await run.result();
    expect(status).toBe('completed');
    expect(saved.filter((one) => one.run_id === run.id).map((one) => one.step_id)).toEqual(['a']);
    const message = expect.stringMatching(/the state of the run is \d{7} bytes; 1900000 fit.*--payload-dir/) as string;
    expect(warnings).toEqual(['b', 'c'].map((step_id) => ({ code: 'CHECKPOINT_FAILED', step_id, message })));
  });

  test('whose save fails are a warning, and the run goes on', async () => {
    const run = await stage.client.start({ id: 'careless', checkpoint: { type: 'external', tool_name: 'careless_keeper' }, steps: chain('a', 'b', 'c') }, { executionTimeoutSecs: 200 });
    const snapshot = await run.result();
    expect(snapshot.steps.c?.status).toBe('done');
    expect(snapshot.warnings).toEqual([
      { code: 'CHECKPOINT_FAILED', step_id: 'b', message: expect.stringMatching(/'b'.*the cupboard is full/) as string },
    ]);
  });
});

describe.concurrent('a run that was started without our client', () => {
  let started = 0;
  const start = (...args: unknown[]) =>
    stage.client.temporal.workflow.start('distriWorkflow', {
      taskQueue: stage.queuePrefix,
      workflowId: `${stage.queuePrefix}-raw-${(started += 1)}`,
      workflowExecutionTimeout: '30 seconds',
      args,
    });

  test('is validated first, then runs as any other', async () => {
    const handle = await start({ definition: { steps: chain('a') }, input: { x: 1 } });
    const record = (await handle.result()) as FinalRecord;
    expect(record.snapshot).toMatchObject({ status: 'completed', steps: { a: { status: 'done' } } });
    const snapshot = await stage.client.getRun(handle.workflowId).snapshot();
    expect(snapshot).toMatchObject({ status: 'completed', output: { id: 'a' }, context: { x: 1 } });
    expect(snapshot.definition_hash).toMatch(/^[0-9a-f]{64}$/);
  });

  test.each([
    ['a cycle', [{ definition: { id: 'x', steps: [{ id: 'a', depends_on: ['a'], kind: { type: 'checkpoint', message: 'm' } }] } }], 'CIRCULAR_DEPENDENCY'],
    ['a document of the wrong shape', [{ definition: { id: 'x', steps: 'none' } }], 'WRONG_TYPE'],
    ['bad input', [{ definition: { id: 'x', input_schema: { type: 'object', required: ['a'] }, steps: [] }, input: {} }], 'INVALID_INPUT'],
    ['an unknown entry point', [{ definition: { id: 'x', steps: [] }, entry_point: 'nowhere' }], 'UNKNOWN_ENTRY_POINT'],
    ['no definition', [{}], 'WRONG_TYPE'],
    ['a text in place of all', ['run it'], 'WRONG_TYPE'],
    ['nothing at all', [], 'WRONG_TYPE'],
    ['null', [null], 'WRONG_TYPE'],
  ])('fails with our code: %s', async (_what, args, code) => {
    const handle = await start(...args);
    const error: unknown = await handle.result().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(WorkflowFailedError);
    const { cause } = error as WorkflowFailedError;
    const failure = cause instanceof ActivityFailure ? cause.cause : cause;
    expect(failure).toBeInstanceOf(ApplicationFailure);
    expect((failure as ApplicationFailure).type).toBe(code);
    await expect(stage.client.getRun(handle.workflowId).result()).rejects.toMatchObject({ code: 'RUN_FAILED', message: expect.stringContaining((failure as ApplicationFailure).message) as string });
  });
});
