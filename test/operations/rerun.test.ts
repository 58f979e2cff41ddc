import { beforeEach, expect, test } from 'vitest';
import { RunFailedError, type JsonObject } from '../../src/client/index.js';
import { defineTool } from '../../src/worker/define-tool.js';
import { call } from '../client/documents.js';
import { collect, eventually, isPaused, sharedStage, untilRun } from '../client/stage.js';

let calls: string[] = [];
let broken = new Set<string>();
const tools = [
  defineTool({
    name: 'work',
    execute: (given, { stepId }) => {
      calls.push(stepId);
      if (broken.has(stepId)) throw new Error(`${stepId} is broken`);
      return { step: stepId, given };
    },
  }),
  defineTool({ name: 'grow', execute: (_given, { stepId }) => ({ step: stepId, text: 'x'.repeat(700_000) }) }),
];
const work = (id: string, input: JsonObject, more: JsonObject = {}): JsonObject => call(id, 'work', { input, ...more });
const nightly: JsonObject & { steps: JsonObject[] } = {
  id: 'nightly',
  steps: [
    work('fetch', { url: '{input.url}' }),
    work('count', { of: '{steps.fetch.given.url}' }, { depends_on: ['fetch'] }),
    work('publish', { to: '{input.target}', what: '{steps.count.given.of}' }, { depends_on: ['count'], label: 'Publish {input.target}' }),
  ],
};
const input = { url: 'a', target: 'b' };

const stage = sharedStage({ tools });
beforeEach(() => {
  calls = [];
  broken = new Set();
});

test('a failed run is run again from where it failed, and both know of each other', async () => {
  const { client } = stage;
  broken.add('publish');
  const first = await client.start(nightly, { input, owner: 'ann' });
  await expect(first.result()).rejects.toBeInstanceOf(RunFailedError);
  broken.clear();
  expect(await client.rerun(first.id, { dryRun: true })).toMatchObject({ keep: ['fetch', 'count'], run: ['publish'] });
  const second = await client.rerun(first.id);
  const snapshot = await second.result();
  expect(calls).toEqual(['fetch', 'count', 'publish', 'publish']);
  expect(snapshot.steps['fetch']).toMatchObject({ status: 'done', kept: true, result: { step: 'fetch' } });
  expect(snapshot.steps['publish']).toMatchObject({ label: 'Publish b', result: { given: { to: 'b', what: 'a' } } });
  expect(snapshot.steps['publish']).not.toHaveProperty('kept');
  expect(snapshot.rerun_of).toEqual({ run_id: first.id, from: [] });
  const events = await collect(second.events());
  expect(events.filter((event) => event.event === 'step_started').map((event) => event.step_id)).toEqual(['publish']);
  const [listed] = await eventually(async () => {
    const reruns = await collect(first.reruns());
    return reruns.length > 0 ? reruns : undefined;
  });
  expect(listed).toMatchObject({ run_id: second.id, rerun_of: first.id, owner: 'ann' });
  expect(await collect(second.reruns())).toEqual([]);
});

test('a completed run is run again from a step, with another input and another result', async () => {
  const { client } = stage;
  const first = await client.start(nightly, { input });
  await first.result();
  await expect(client.rerun(first.id)).rejects.toMatchObject({ code: 'NOTHING_TO_RERUN' });
  await expect(client.rerun(first.id, { from: ['nope'] })).rejects.toMatchObject({ code: 'UNKNOWN_STEP' });
  calls = [];
  const corrected = await client.rerun(first.id, { input: { ...input, target: 'c' } });
  expect((await corrected.result()).steps['publish']?.result).toMatchObject({ given: { to: 'c', what: 'a' } });
  expect(calls).toEqual(['publish']);
  calls = [];
  const edited = await client.rerun(first.id, { results: { count: { given: { of: 'edited' } } } });
  expect((await edited.result()).steps['publish']?.result).toMatchObject({ given: { to: 'b', what: 'edited' } });
  expect(calls).toEqual(['publish']);
  calls = [];
  await (await client.rerun(edited.id, { from: ['count'], runId: 'again' })).result();
  expect(calls).toEqual(['count', 'publish']);
});

test('a run that waits is run again with a newer definition, and goes on waiting itself', async () => {
  const { client } = stage;
  const wait = { id: 'review', kind: { type: 'wait_for_input', message: 'Well?', schema: {} }, depends_on: ['fetch'] };
  const [fetch = {}, count] = nightly.steps;
  const first = await client.start({ id: 'reviewed', steps: [fetch, wait] }, { input });
  await untilRun(first, isPaused);
  const newer = { steps: [fetch, { ...count, id: 'review' }] };
  const second = await client.rerun(first.id, { definition: newer });
  expect((await second.result()).steps).toMatchObject({ fetch: { kept: true }, review: { result: { given: { of: 'a' } } } });
  expect((await second.snapshot()).workflow_id).toBe('reviewed');
  expect((await first.snapshot()).status).toBe('paused');
  await first.terminate();
});

test('what an entry point left out stays left out', async () => {
  const { client } = stage;
  const entry_points = [{ id: 'late', starts_at: 'publish', preset_results: { count: { given: { of: 'preset' } } } }];
  broken.add('publish');
  const first = await client.start({ ...nightly, entry_points }, { input, entryPoint: 'late' });
  await expect(first.result()).rejects.toBeInstanceOf(RunFailedError);
  broken.clear();
  const snapshot = await (await client.rerun(first.id)).result();
  expect(snapshot.steps).toMatchObject({ fetch: { status: 'skipped' }, publish: { result: { given: { what: 'preset' } } } });
  const whole = await (await client.rerun(first.id, { from: ['fetch'] })).result();
  expect(whole.steps).toMatchObject({ fetch: { status: 'done' }, publish: { result: { given: { what: 'a' } } } });
});

test('a result that is left out of the end of a run is found in its history', async () => {
  const { client } = stage;
  const end = work('end', { n: '{steps.load.step}' }, { depends_on: ['more'] });
  const big = { id: 'big', steps: [call('load', 'grow'), call('more', 'grow', { depends_on: ['load'] }), end] };
  const first = await client.start(big);
  expect((await first.result()).steps['load']?.result_omitted).toBeGreaterThan(0);
  calls = [];
  const second = await client.rerun(first.id, { from: ['end'], results: { more: 'small' } });
  expect((await second.result()).steps['end']?.result).toMatchObject({ given: { n: 'load' } });
  expect(calls).toEqual(['end']);
});

test('reruns are found that were started before the run continued as new', async () => {
  const { client } = stage;
  const ask = { id: 'ask', kind: { type: 'wait_for_input', message: 'Well?' } };
  const definition = { id: 'asks-on', steps: [ask] };
  const first = await client.start(definition);
  await untilRun(first, isPaused);
  const second = await client.rerun(first.id);
  await first.migrate({ ...definition, steps: [ask, { id: 'more', kind: { type: 'checkpoint', message: 'x' }, depends_on: ['ask'] }] });
  await eventually(async () => ((await first.describe()).temporal_run_id === first.temporalRunId ? undefined : true));
  const listed = await eventually(async () => {
    const reruns = await collect(first.reruns());
    return reruns.length > 0 ? reruns : undefined;
  });
  expect(listed.map(({ run_id }) => run_id)).toEqual([second.id]);
  await Promise.all([first.terminate(), second.terminate()]);
});
