import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { JsonObject, RunSnapshot } from '../../src/client/index.js';
import { collect } from '../client/stage.js';
import { openTheatre, seqsOf, until, work, type Call, type Theatre, type WorkerProcess } from '../crash/support.js';

let theatre: Theatre;
const workers: WorkerProcess[] = [];

beforeAll(async () => {
  theatre = await openTheatre();
});
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.kill()));
});
afterAll(() => theatre.close());

async function worker(): Promise<WorkerProcess> {
  const started = await theatre.worker();
  workers.push(started);
  return started;
}

const callsOf = async (run: string): Promise<Call[]> => (await theatre.calls()).filter((call) => call.run === run);

/** The steps that `work` was called for more than once, when each step's result is that of its last call. */
function againIn(snapshot: RunSnapshot, calls: readonly Call[]): string[] {
  const last = new Map<string, Call>();
  const again = new Set<string>();
  for (const call of calls) {
    if (last.has(call.step)) again.add(call.step);
    last.set(call.step, call);
  }
  for (const [id, { status, attempts, result }] of Object.entries(snapshot.steps)) {
    const { mark, attempt } = last.get(id) ?? {};
    expect({ id, status, attempts, result }).toEqual({ id, status: 'done', attempts: attempt, result: { mark, attempt } });
  }
  return [...again];
}

test('a chain of 1,000 steps ends right though its worker is killed three times', async () => {
  const steps = Array.from({ length: 1_000 }, (_, n): JsonObject => {
    return n === 0 ? work('s0') : work(`s${n}`, { before: `{steps.s${n - 1}.mark}` }, { depends_on: [`s${n - 1}`] });
  });
  let serving = await worker();
  const run = await theatre.client.start({ id: 'chain', steps });
  const reading = collect(run.events());
  for (const reached of [200, 500, 800]) {
    await until(`step ${reached} runs`, async () => (await callsOf(run.id)).length > reached);
    await serving.kill();
    serving = await worker();
  }
  const end = await run.result();
  expect(againIn(end, await callsOf(run.id)).length).toBeLessThanOrEqual(3);
  const seqs = seqsOf(await reading);
  expect(seqs).toEqual(seqs.map((_, position) => position + 1));
  expect(seqs.length).toBeGreaterThan(2_000);
});

test('1,000 steps side by side end right though one of two workers is killed', async () => {
  const steps = Array.from({ length: 1_000 }, (_, n) => work(`s${n}`, { ms: 100 }, { execution: 'parallel' }));
  const [first] = [await worker(), await worker()];
  const run = await theatre.client.start({ id: 'wide', steps });
  await until('a few hundred run', async () => (await callsOf(run.id)).length > 300);
  await first.kill();
  const end = await run.result();
  const calls = await callsOf(run.id);
  const lost = new Set(calls.filter((call) => call.pid === first.pid).map((call) => call.step));
  for (const step of againIn(end, calls)) expect(lost).toContain(step);
});

test('200 steps that take longer than the heartbeat time-out run at once, and those of a killed worker once more', async () => {
  const steps = Array.from({ length: 200 }, (_, n) => work(`s${n}`, { ms: 20_000 }, { execution: 'parallel' }));
  const [first] = [await worker(), await worker()];
  const run = await theatre.client.start({ id: 'long', concurrency: 200, steps });
  await until('all of them run at once', async () => (await callsOf(run.id)).length === 200);
  const { steps: live } = await run.snapshot();
  expect(Object.values(live).filter((step) => step.status === 'running')).toHaveLength(200);
  await first.kill();
  const end = await run.result();
  const calls = await callsOf(run.id);
  const lost = calls.filter((call) => call.pid === first.pid).map((call) => call.step);
  expect(lost.length).toBeGreaterThan(0);
  expect(againIn(end, calls).sort()).toEqual(lost.sort());
});
