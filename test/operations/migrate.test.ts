import { beforeEach, expect, test } from 'vitest';
import type { JsonObject } from '../../src/client/index.js';
import { defineTool } from '../../src/worker/define-tool.js';
import { call } from '../client/documents.js';
import { collect, eventually, isPaused, sharedStage, untilRun } from '../client/stage.js';

let calls: string[] = [];
let release = (): void => undefined;
let gate = Promise.resolve();
const tools = [
  defineTool({
    name: 'work',
    execute: (given, { stepId }) => {
      calls.push(stepId);
      return { step: stepId, given };
    },
  }),
  defineTool({
    name: 'slow',
    execute: async (_given, { stepId }) => {
      calls.push(stepId);
      await gate;
      return { step: stepId };
    },
  }),
];
const tool = (id: string, name: string, input: JsonObject, after: string[] = []): JsonObject => call(id, name, { input, depends_on: after });
const wait = (id: string, after: string[], message = 'Well?'): JsonObject => ({
  id,
  kind: { type: 'wait_for_input', message, schema: { type: 'object' } },
  depends_on: after,
});
const fetch = tool('fetch', 'work', { n: 1 });
const review = wait('review', ['fetch']);
const publish = tool('publish', 'work', { what: '{steps.review.ok}' }, ['review']);
const reviewed: JsonObject = { id: 'reviewed', version: 1, steps: [fetch, review, publish] };

const stage = sharedStage({ tools });
beforeEach(() => {
  calls = [];
  gate = new Promise((resolve) => {
    release = resolve;
  });
});

async function paused(definition: JsonObject) {
  const run = await stage.client.start(definition);
  await untilRun(run, isPaused);
  return run;
}

test('a run that waits is moved, goes on by the new definition and repeats nothing', async () => {
  const run = await paused(reviewed);
  const before = await run.snapshot();
  const newer = { version: 2, steps: [fetch, tool('check', 'work', { of: '{steps.fetch.given.n}' }, ['fetch']), wait('review', ['fetch', 'check'], 'Sure?'), publish] };
  const planned = await run.migrate(newer, { dryRun: true });
  expect(planned).toMatchObject({ applied: false, plan: { verdict: 'compatible' } });
  expect((await run.snapshot()).definition_hash).toBe(before.definition_hash);
  expect((await run.migrate(newer)).applied).toBe(true);
  await eventually(async () => ((await run.snapshot()).steps['review']?.message === 'Sure?' ? true : undefined));
  await run.answer('review', { ok: 'yes' });
  const snapshot = await run.result();
  expect(calls).toEqual(['fetch', 'check', 'publish']);
  expect(snapshot.steps).toMatchObject({ fetch: { result: { step: 'fetch' } }, check: { result: { given: { of: 1 } } }, publish: { result: { given: { what: 'yes' } } } });
  expect(snapshot.started_at).toBe(before.started_at);
  expect(snapshot.migrations).toMatchObject([{ from_hash: before.definition_hash, to_hash: snapshot.definition_hash }]);
  const events = await collect(run.events());
  expect(events.map((event) => ('seq' in event ? event.seq : 0))).toEqual(events.map((_event, index) => index + 1));
  expect(events.filter((event) => event.event === 'run_migrated')).toHaveLength(1);
  expect(await run.describe()).toMatchObject({ definition_hash: snapshot.definition_hash, version: 2 });
});

test('a migration that needs decisions, or that a running step forbids, leaves the run as it is', async () => {
  const run = await paused(reviewed);
  const other = tool('fetch', 'work', { n: 2 });
  const before = await run.snapshot();
  await expect(run.migrate({ steps: [other, review, publish] })).rejects.toMatchObject({ code: 'MIGRATION_UNDECIDED', plan: { verdict: 'needs_decisions' } });
  await expect(run.migrate({ steps: [fetch] }, { decisions: { nope: 'keep' } })).rejects.toMatchObject({ code: 'UNKNOWN_STEP' });
  await expect(run.migrate({ steps: [{ id: 'x', kind: { type: 'nope' } }] })).rejects.toMatchObject({ code: 'UNKNOWN_KIND' });
  expect(await run.snapshot()).toMatchObject({ definition_hash: before.definition_hash, status: 'paused' });
  await run.migrate({ steps: [other, review, publish] }, { decisions: { fetch: 'rerun' } });
  await eventually(async () => ((await run.snapshot()).steps['fetch']?.status === 'done' ? true : undefined));
  expect(calls).toEqual(['fetch', 'fetch']);
  expect((await run.snapshot()).steps['fetch']?.result).toMatchObject({ given: { n: 2 } });
  await run.terminate();
  await expect(run.migrate(reviewed)).rejects.toMatchObject({ code: 'RUN_ENDED' });

  const busy = await stage.client.start({ steps: [tool('long', 'slow', {}), publish].map((step) => ({ ...step, depends_on: [] })) });
  await eventually(async () => (calls.includes('long') ? true : undefined));
  await expect(busy.migrate({ steps: [tool('long', 'work', {})] })).rejects.toMatchObject({ code: 'MIGRATION_REFUSED' });
  release();
  expect((await busy.result()).status).toBe('completed');
});

test('a running step that stays the same ends first, and nothing starts until then', async () => {
  const run = await stage.client.start({ id: 'busy', steps: [tool('long', 'slow', {}), tool('old', 'work', {}, ['long'])] });
  await eventually(async () => (calls.includes('long') ? true : undefined));
  const moving = run.migrate({ steps: [tool('long', 'slow', {}), tool('fresh', 'work', {}, ['long'])] });
  await eventually(async () => ((await run.snapshot()).migrating_to === undefined ? undefined : true));
  await expect(run.migrate({ steps: [tool('long', 'slow', {})] })).rejects.toMatchObject({ code: 'MIGRATION_REFUSED' });
  release();
  expect((await moving).applied).toBe(true);
  const snapshot = await run.result();
  expect(calls).toEqual(['long', 'fresh']);
  expect(Object.keys(snapshot.steps)).toEqual(['long', 'fresh']);
  expect(snapshot.steps['long']?.attempts).toBe(1);
});

test('a held failed step runs again once its definition is corrected', async () => {
  const bad = { id: 'call', kind: { type: 'script', command: 'exit 3' } };
  const run = await paused({ id: 'held', on_failure: 'hold', steps: [fetch, { ...bad, depends_on: ['fetch'] }] });
  await run.migrate({ on_failure: 'hold', steps: [fetch, { ...bad, kind: { type: 'script', command: 'echo 5' }, depends_on: ['fetch'] }] });
  const snapshot = await run.result();
  expect(snapshot.steps).toMatchObject({ call: { status: 'done', result: 5 } });
  expect(calls).toEqual(['fetch']);
});

test('a run that was moved is run again by its newest definition', async () => {
  const run = await paused(reviewed);
  const newer = { steps: [fetch, review, tool('announce', 'work', { what: '{steps.review.ok}' }, ['review'])] };
  await run.migrate(newer);
  await run.answer('review', { ok: 1 });
  await run.result();
  calls = [];
  const plan = await stage.client.rerun(run.id, { from: ['announce'], dryRun: true });
  expect(plan).toMatchObject({ keep: ['fetch', 'review'], run: ['announce'] });
});
