import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { describe, expect, test } from 'vitest';
import type { JsonObject, Run } from '../../src/client/index.js';
import { insist, sharedTheatre, until, work, type Call } from './support.js';

const ELEMENTS = 60;
const LIMIT = 5;
/** So many of them end before the crash. */
const FREE = 20;

const stage = sharedTheatre();

interface Told {
  eventType: string;
  activityTaskScheduledEventAttributes?: { activityId: string };
  activityTaskCompletedEventAttributes?: { scheduledEventId: string };
  workflowExecutionSignaledEventAttributes?: { signalName: string };
  eventId: string;
}

/** What the history of the last execution of a run says. */
async function historyOf(runId: string): Promise<Told[]> {
  const history = await stage.theatre.client.temporal.workflow.getHandle(runId).fetchHistory();
  return (JSON.parse(historyToJSON(history)) as { events: Told[] }).events;
}

/** Activities by id: how often each was scheduled and how often its result was recorded; and how many were open at once. */
function activitiesIn(events: readonly Told[]): { scheduled: string[]; recorded: string[]; most: number } {
  const ids = new Map<string, string>();
  const recorded: string[] = [];
  let most = 0;
  for (const { eventId, activityTaskScheduledEventAttributes: scheduled, activityTaskCompletedEventAttributes: completed } of events) {
    if (scheduled) ids.set(eventId, scheduled.activityId);
    if (completed) recorded.push(ids.get(completed.scheduledEventId) ?? '');
    most = Math.max(most, ids.size - recorded.length);
  }
  return { scheduled: [...ids.values()], recorded, most };
}

const callsOf = async (run: Run): Promise<Call[]> => (await stage.theatre.calls()).filter((call) => call.run === run.id);

describe.each(stage.deaths)('when %s in the middle of a fan-out', (what, die) => {
  test('what was recorded stays, the limit holds, and the results are in order', async () => {
    const each = work('each', { ms: 50, gate: '{item}' }, { for_each: { items: '{input.gates}', concurrency: LIMIT } });
    const [first, second] = [`first half, ${what}`, `second half, ${what}`];
    const gates = Array.from({ length: ELEMENTS }, (_, n) => stage.theatre.gate(n < FREE ? first : second));
    await stage.theatre.open(first);
    const run = await stage.theatre.client.start({ id: 'fan-out', steps: [each] }, { input: { gates } });
    const inFlight = gates.map((_, n) => n).slice(FREE, FREE + LIMIT);
    await until('the next ones run', async () => {
      const calls = await callsOf(run);
      return inFlight.every((n) => calls.some(({ index }) => index === n));
    });
    expect(activitiesIn(await historyOf(run.id)).recorded).toHaveLength(FREE);
    await die();
    await stage.theatre.open(second);

    const end = await run.result();
    const { scheduled, recorded, most } = activitiesIn(await historyOf(run.id));
    const all = gates.map((_, n) => `each[${n}]`);
    expect(scheduled, 'each element is begun once, in order').toEqual(all);
    expect([...recorded].sort(), 'each result is recorded once').toEqual([...all].sort());
    expect(most).toBeLessThanOrEqual(LIMIT);

    const calls = await callsOf(run);
    const last = gates.map((_, n) => calls.findLast(({ index }) => index === n));
    const again = calls.filter((call) => call !== last[call.index ?? -1]).map(({ index }) => index);
    expect(inFlight).toEqual(expect.arrayContaining(again));
    const result = last.map((call) => ({ mark: call?.mark, attempt: call?.attempt }));
    const attempts = last.reduce((sum, call) => sum + (call?.attempt ?? 0), 0);
    expect(end.steps['each']).toMatchObject({ status: 'done', result, attempts, items: { total: ELEMENTS, done: ELEMENTS, failed: 0 } });
  }, 300_000);
});

const ask = { id: 'ask', kind: { type: 'wait_for_input', message: 'Well?' } };
const child = (id: string, steps: JsonObject[], more: JsonObject = {}): JsonObject => {
  return { id, execution: 'parallel', kind: { type: 'workflow', definition: { id: 'child', steps } }, ...more };
};

describe.each(stage.deaths)('when %s while children are open', (what, die) => {
  test('those that run and those that wait go on, and their steps that had ended do not run again', async () => {
    const gate = stage.theatre.gate(`children ${what}`);
    const steps = [
      child('runs', [work('first'), work('long', { gate })]),
      child('waits', [work('first'), ask]),
      child('each', [work('first'), work('long', { gate })], { for_each: { items: [0, 1, 2], concurrency: 2 } }),
    ];
    const run = await stage.theatre.client.start({ id: 'parent', steps });
    const childOf = (name: string): Run => stage.theatre.client.getRun(`${run.id}/${name}`);
    const runsLong = async (name: string): Promise<boolean> => (await callsOf(childOf(name))).some(({ step }) => step === 'long');
    for (const name of ['runs', 'each[0]', 'each[1]']) await until(`${name} runs`, () => runsLong(name));
    await until('a child waits', async () => (await run.snapshot()).steps['waits']?.status === 'waiting_for_input');
    await die();

    await insist('the child is answered', () => childOf('waits').answer('ask', 'yes', { updateId: 'once' }));
    expect(await runsLong('each[2]')).toBe(false);
    await stage.theatre.open(`children ${what}`);
    const end = await run.result();
    expect(end).toMatchObject({ status: 'completed', steps: { runs: { status: 'done', attempts: 1 }, waits: { result: 'yes' }, each: { items: { done: 3 } } } });
    for (const name of ['runs', 'waits', 'each[0]', 'each[1]', 'each[2]']) {
      expect((await callsOf(childOf(name))).filter(({ step }) => step === 'first'), name).toHaveLength(1);
    }
    const results = await Promise.all([0, 1, 2].map(async (n) => (await callsOf(childOf(`each[${n}]`))).at(-1)?.mark));
    expect(end.steps['each']?.result).toMatchObject(results.map((mark) => ({ mark })));
  }, 300_000);

  test('a parent that has continued as new learns of their ends, from them or by looking', async () => {
    const chain = Array.from({ length: 12 }, (_, n) => work(`p${n}`, {}, { execution: 'parallel', depends_on: n === 0 ? [] : [`p${n - 1}`] }));
    const steps = [child('tells', [ask]), child('terminated', [ask], { on_error: 'continue' }), ...chain];
    const run = await stage.theatre.client.start({ id: 'continued', steps }, { continueAfterEvents: 60 });
    const execution = async (): Promise<string> => (await stage.theatre.client.temporal.workflow.getHandle(run.id).describe()).runId;
    const first = await execution();
    await until('the parent has continued as new', async () => (await execution()) !== first);
    const adopted = async (name: string): Promise<boolean> =>
      (await historyOf(`${run.id}/${name}`)).some((event) => event.workflowExecutionSignaledEventAttributes?.signalName === 'adopted');
    await until('both are adopted', async () => (await adopted('tells')) && (await adopted('terminated')));
    await until('the parent only waits', async () => (await run.snapshot()).status === 'paused');
    await die();

    await insist('one is terminated', () => stage.theatre.client.temporal.workflow.getHandle(`${run.id}/terminated`).terminate('By hand'));
    await until('the parent has found that out', async () => (await run.snapshot()).steps['terminated']?.status === 'failed');
    await insist('the other one is answered', () => stage.theatre.client.getRun(`${run.id}/tells`).answer('ask', 'yes', { updateId: 'once' }));
    const end = await run.result();
    expect(end).toMatchObject({ status: 'completed', steps: { tells: { status: 'done', result: 'yes' }, terminated: { error_code: 'RUN_FAILED' } } });
    expect(end.steps['terminated']?.error).toMatch(/terminated' failed: it was terminated/);
    const signals = (await historyOf(run.id)).flatMap((event) => event.workflowExecutionSignaledEventAttributes?.signalName ?? []);
    expect(signals).toContain('childEnded');
    expect((await callsOf(run)).map(({ step }) => step)).toEqual(chain.map((_, n) => `p${n}`));
  }, 300_000);
});
