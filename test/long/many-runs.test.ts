import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JsonObject, Run, RunSnapshot } from '../../src/client/index.js';
import { openTheatre, work, type Call, type Theatre, type WorkerProcess } from '../crash/support.js';

const RUNS = 50;
const KILL_EVERY_MS = 4_000;

let theatre: Theatre;

beforeAll(async () => {
  theatre = await openTheatre();
});
afterAll(() => theatre.close());

/** Twelve steps, of a few seconds together, one after the other and side by side, with scripts and pure steps between. */
function document(): JsonObject {
  const parallel = { execution: 'parallel', depends_on: ['first'] };
  return {
    id: 'many',
    steps: [
      work('first', { ms: 500 }),
      ...[1, 2, 3, 4].map((n) => work(`side${n}`, { ms: 700 * n, before: '{steps.first.mark}' }, parallel)),
      { id: 'shell', kind: { type: 'script', command: 'sleep 1; echo "{\\"mark\\": \\"$1\\"}"', args: ['{steps.first.mark}'] }, ...parallel },
      { id: 'join', kind: { type: 'checkpoint', message: '{steps.side4.mark}' }, depends_on: ['side1', 'side2', 'side3', 'side4', 'shell'] },
      work('middle', { ms: 300, before: '{steps.join.message}' }, { depends_on: ['join'] }),
      ...[1, 2, 3].map((n) => work(`late${n}`, { ms: 400 * n }, { execution: 'parallel', depends_on: ['middle'] })),
      work('last', { ms: 100 }, { depends_on: ['late1', 'late2', 'late3'] }),
    ],
  };
}

/** Kills a worker every few seconds, each in its turn, and starts another in its place, until it is stopped. */
function murder(workers: WorkerProcess[]): { stop(): Promise<number> } {
  let kills = 0;
  let going = true;
  const done = (async () => {
    while (going) {
      await new Promise((resolve) => setTimeout(resolve, KILL_EVERY_MS));
      const victim = kills % workers.length;
      await workers[victim]?.kill();
      kills += 1;
      workers[victim] = await theatre.worker();
    }
  })();
  return { stop: async () => ((going = false), await done, kills) };
}

/** What must hold of a step that called `work`, whatever happened to its workers. */
function check(step: string, snapshot: RunSnapshot, calls: readonly Call[]): void {
  const { status, attempts, result } = snapshot.steps[step] as RunSnapshot['steps'][string];
  const where = `${snapshot.run_id} ${step}`;
  expect(status, where).toBe('done');
  // The attempt that is recorded is the last one that was ever made, and each was made once.
  expect(calls.map((call) => call.attempt), where).toEqual([...new Set(calls.map((call) => call.attempt))].sort((a, b) => a - b));
  expect(calls.at(-1)?.attempt, where).toBe(attempts);
  expect(result, where).toEqual({ mark: calls.at(-1)?.mark, attempt: attempts });
}

test(`${RUNS} runs at once end right while their two workers are killed again and again`, async () => {
  const killer = murder([await theatre.worker(), await theatre.worker()]);
  const runs: Run[] = [];
  for (let n = 0; n < RUNS; n += 1) runs.push(await theatre.client.start(document(), { runId: `many-${n}` }));
  const ends = await Promise.all(runs.map((run) => run.result()));
  const kills = await killer.stop();
  expect(kills).toBeGreaterThanOrEqual(5);

  const calls = new Map<string, Call[]>();
  for (const call of await theatre.calls()) calls.set(`${call.run} ${call.step}`, [...(calls.get(`${call.run} ${call.step}`) ?? []), call]);
  const tooOften = [...calls.values()].filter((each) => each.length > 1).length;
  console.log(`${kills} workers killed, ${tooOften} steps tried again`);
  expect(tooOften).toBeGreaterThan(0);
  for (const end of ends) {
    expect(end.status).toBe('completed');
    for (const step of Object.keys(end.steps)) {
      if (end.steps[step]?.kind === 'tool_call') check(step, end, calls.get(`${end.run_id} ${step}`) ?? []);
    }
    const { mark } = end.steps['first']?.result as { mark: string };
    expect(end.steps['shell']).toMatchObject({ status: 'done', result: { mark } });
    expect(end.steps['join']?.result).toEqual({ message: (end.steps['side4']?.result as { mark: string }).mark });
  }
});
