import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JsonObject, Run, RunFailedError } from '../../src/client/index.js';
import { collect } from '../client/stage.js';
import { openTheatre, seqsOf, work, type Theatre } from '../crash/support.js';

const RUNS = 20;
const CRASHES = 5;

let theatre: Theatre;

beforeAll(async () => {
  theatre = await openTheatre();
  await theatre.worker();
});
afterAll(() => theatre.close());

/** Ten steps of a second or two, with two that wait for input between them. */
function document(): JsonObject {
  const ask = (id: string, after: string): JsonObject => ({ id, kind: { type: 'wait_for_input', message: 'Well?' }, depends_on: [after] });
  const slow = (id: string, after: string): JsonObject => work(id, { ms: 1_500, before: `{steps.${after}}` }, { depends_on: [after], execution: 'parallel' });
  return {
    id: 'outage',
    steps: [work('a', { ms: 1_000 }), slow('b', 'a'), slow('c', 'a'), ask('d', 'b'), slow('e', 'd'), slow('f', 'e'), ask('g', 'f'), slow('h', 'g'), slow('i', 'h'), slow('j', 'i')],
  };
}

/** Answers both questions of a run, as often as it takes: an answer whose receipt got lost counts once. */
async function answer(run: Run): Promise<void> {
  for (const step of ['d', 'g']) {
    const taken = (): Promise<boolean> => run.answer(step, { to: step }, { updateId: `answer-${step}` }).then(() => true, () => false);
    while (!(await taken())) await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

test(`${RUNS} runs end right, and are read without gap or repeat, while the server is killed ${CRASHES} times`, async () => {
  const warnings: string[] = [];
  process.on('warning', ({ message }) => warnings.push(message));
  const runs: Run[] = [];
  for (let n = 0; n < RUNS; n += 1) runs.push(await theatre.client.start(document(), { runId: `outage-${n}` }));
  const reading = Promise.all(runs.map((run) => collect(run.events())));
  const ending = Promise.all(runs.map((run) => run.result().catch((error: unknown) => (error as RunFailedError).snapshot)));
  const answering = Promise.all(runs.map(answer));
  for (let crash = 0; crash < CRASHES; crash += 1) {
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    await theatre.crashServer();
  }
  const ends = await ending;
  await answering;
  const calls = await theatre.calls();
  for (const [index, events] of (await reading).entries()) {
    const end = ends[index];
    expect(end).toMatchObject({ status: 'completed', steps: { d: { result: { to: 'd' } }, g: { result: { to: 'g' } } } });
    expect(seqsOf(events)).toEqual(events.flatMap((event) => (event.event === 'step_retrying' ? [] : [event])).map((_, position) => position + 1));
    for (const [id, step] of Object.entries(end?.steps ?? {})) {
      if (step.kind !== 'tool_call') continue;
      const own = calls.filter((call) => call.run === end?.run_id && call.step === id);
      expect(step, `${end?.run_id} ${id}`).toMatchObject({ attempts: own.at(-1)?.attempt, result: { mark: own.at(-1)?.mark } });
      expect(new Set(own.map((call) => call.attempt)).size).toBe(own.length);
    }
  }
  expect(warnings).toEqual([]);
  console.log(`${calls.length} calls for ${RUNS * 8} steps`);
});
