import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { DistriClient, type DistriError, type JsonObject, type JsonValue, type Run } from '../../src/client/index.js';
import { defineTool } from '../../src/worker/define-tool.js';
import { call } from './documents.js';
import { eventually, openStage, runWorker, sharedStage, untilRun } from './stage.js';

const tools = [
  defineTool({ name: 'echo', execute: (input) => (input as JsonValue) ?? null }),
  defineTool({ name: 'tick', execute: () => new Promise((resolve) => setTimeout(() => resolve(1), 50)) }),
];
const stage = sharedStage({ tools });

const many = (elements: number): JsonObject => ({
  id: 'many',
  steps: [{ id: 'ask', for_each: { items: '{input.items}', concurrency: elements }, kind: { type: 'wait_for_input', message: '{item}?' } }],
});

async function startMany(elements: number): Promise<Run> {
  const run = await stage.client.start(many(elements), { input: { items: Array.from({ length: elements }, (_, index) => index) }, executionTimeoutSecs: 200 });
  await untilRun(run, ({ steps }) => steps['ask']?.items?.waiting?.length === Math.min(elements, 100));
  return run;
}

/** A branch that waits, and one that works for a while. */
const twoBranches: JsonObject = {
  id: 'branches',
  steps: [
    { id: 'ask', kind: { type: 'wait_for_input', message: 'x' } },
    { id: 'work', for_each: { items: '{input.items}', concurrency: 1 }, kind: { type: 'tool_call', tool_name: 'tick' }, input: {} },
  ],
};

async function startBranches(): Promise<Run> {
  const run = await stage.client.start(twoBranches, { input: { items: Array.from({ length: 60 }, (_, index) => index) }, executionTimeoutSecs: 200 });
  await untilRun(run, ({ steps }) => steps['ask']?.status === 'waiting_for_input');
  return run;
}

describe('an update that is too large', () => {
  const sizes = [1_950_000, 2_500_000, 5_000_000];

  test.each(sizes)('is refused at once with %i bytes, and the run goes on', async (bytes) => {
    const run = await startBranches();
    const value = { d: 'x'.repeat(bytes) };
    await expect(run.answer('ask', value)).rejects.toMatchObject({ code: 'INPUT_TOO_LARGE' });
    await expect(run.skip('ask', { result: value })).rejects.toMatchObject({ code: 'INPUT_TOO_LARGE' });
    await run.answer('ask', 'small');
    expect((await run.result()).steps['work']?.items?.done).toBe(60);
  });

  test.each([1_950_000, 2_060_000])('is refused by the run itself with %i bytes, from whatever client', async (bytes) => {
    const run = await startBranches();
    const handle = stage.client.temporal.workflow.getHandle(run.id);
    const sent = handle.executeUpdate('answer', { args: [{ step_id: 'ask', value: 'x'.repeat(bytes) }], updateId: randomUUID() });
    await expect(sent).rejects.toMatchObject({ cause: { type: 'INPUT_TOO_LARGE' } });
    await run.answer('ask', 'small');
    expect((await run.result()).steps['work']?.items?.done).toBe(60);
  });

  test.each([2_200_000, 3_000_000])('of a client that does not look does not stop the run with %i bytes', async (bytes) => {
    const run = await startBranches();
    const handle = stage.client.temporal.workflow.getHandle(run.id);
    const sent = handle.executeUpdate('answer', { args: [{ step_id: 'ask', value: 'x'.repeat(bytes) }], updateId: randomUUID() });
    await expect(stage.client.temporal.withDeadline(Date.now() + 20_000, () => sent)).rejects.toThrow();
    await run.answer('ask', 'small');
    expect((await run.result()).steps['work']?.items?.done).toBe(60);
  });

  test('is taken when it fits, with others at the same moment', async () => {
    const run = await startMany(8);
    await Promise.all(Array.from({ length: 8 }, (_, index) => run.answer('ask', 'x'.repeat(900_000 + index), { index })));
    expect((await run.result()).status).toBe('completed');
  });

  test('ends no run when several clients send such ones at the same moment', async () => {
    const run = await startMany(8);
    const handle = stage.client.temporal.workflow.getHandle(run.id);
    const sent = await Promise.allSettled(
      Array.from({ length: 8 }, (_, index) => handle.executeUpdate('answer', { args: [{ step_id: 'ask', index, value: 'x'.repeat(900_000) }], updateId: randomUUID() })),
    );
    expect(sent.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(0);
    for (const [index, { status }] of sent.entries()) if (status === 'rejected') await run.answer('ask', 'small', { index });
    expect((await run.result()).status).toBe('completed');
  });
});

describe('many updates at once', () => {
  test('three hundred answers are all taken', async () => {
    const run = await startMany(300);
    await Promise.all(Array.from({ length: 300 }, (_, index) => run.answer('ask', index, { index })));
    expect((await run.result()).steps['ask']).toMatchObject({ status: 'done', items: { done: 300 } });
  });

  test('answers of several clients are all taken', async () => {
    const run = await startMany(120);
    const clients = await Promise.all([1, 2, 3].map(() => DistriClient.connect({ address: stage.server.address })));
    await Promise.all(Array.from({ length: 120 }, (_, index) => (clients[index % 3] as DistriClient).getRun(run.id).answer('ask', index, { index })));
    expect((await run.result()).steps['ask']).toMatchObject({ status: 'done', items: { done: 120 } });
    await Promise.all(clients.map((client) => client.close()));
  });

  test('without a worker all fail soon, with NO_WORKER', async () => {
    const run = await startMany(60);
    await stage.withoutWorker(async () => {
      const begun = Date.now();
      const codes = await Promise.all(Array.from({ length: 60 }, (_, index) => run.answer('ask', index, { index }).catch((error: DistriError) => error.code)));
      expect(new Set(codes)).toEqual(new Set(['NO_WORKER']));
      expect(Date.now() - begun).toBeLessThan(40_000);
    });
  });
});

test.each(['', '\ud800', 'x'.repeat(1_001)])('an update id that cannot be one has a code (%#)', async (updateId) => {
  const run = await startMany(1);
  await expect(run.answer('ask', 1, { index: 0, updateId })).rejects.toMatchObject({ code: 'BAD_ID' });
  await expect(run.pause({ updateId })).rejects.toMatchObject({ code: 'BAD_ID' });
  await run.answer('ask', 1, { index: 0 });
  await run.result();
});

describe('an update that comes together with the news which lets it', () => {
  const asks: JsonObject = {
    id: 'late',
    steps: [
      call('a', 'gated'),
      { id: 'ask', depends_on: ['a'], kind: { type: 'wait_for_input', message: 'x', schema: { type: 'string' } } },
      { id: 'b', depends_on: ['ask'], kind: { type: 'checkpoint', message: '{steps.ask}' } },
    ],
  };

  test('is decided by it', async () => {
    const other = await openStage();
    let open = (): void => undefined;
    const gated = defineTool({ name: 'gated', execute: () => new Promise((resolve) => (open = () => resolve(1))) });
    const skill = await runWorker(other, { engine: false, tools: [gated] });
    let engine = await runWorker(other, { skills: [] , tools: [] });
    try {
      const run = await other.client.start(asks, { executionTimeoutSecs: 100 });
      await untilRun(run, ({ steps }) => steps['a']?.status === 'running');
      await eventually(async () => (open.length === 0 && (await run.describe()).pending_activities === 1 ? true : undefined));
      await engine.stop();
      // The step ends while no engine worker lives, and the answers come before one does.
      await eventually(async () => {
        open();
        return (await run.describe()).pending_activities === 0 ? true : undefined;
      });
      const refused = run.answer('ask', 5).catch((error: DistriError) => error.code);
      const unknown = run.answer('nothing', 5).catch((error: DistriError) => error.code);
      await new Promise((resolve) => setTimeout(resolve, 300));
      const taken = run.answer('ask', 'yes');
      await new Promise((resolve) => setTimeout(resolve, 300));
      engine = await runWorker(other, { skills: [], tools: [] });
      await taken;
      // Which of the two comes first is the server's to say.
      expect(['ANSWER_REFUSED', 'STEP_NOT_WAITING']).toContain(await refused);
      expect(await unknown).toBe('STEP_NOT_WAITING');
      expect((await run.result()).steps['b']).toMatchObject({ status: 'done', result: { message: 'yes' } });
    } finally {
      await engine.stop();
      await skill.stop();
      await other.close();
    }
  });
});
