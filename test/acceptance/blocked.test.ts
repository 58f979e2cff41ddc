import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JsonObject, Run } from '../../src/client/index.js';
import { defineTool } from '../../src/worker/define-tool.js';
import { wayUnblocked } from '../support/history.js';
import { TestConnections } from './support/connections.js';
import { openSite, type Site } from './support/site.js';
import { collect, eventually, openStage, untilRun, type Stage } from './support/stage.js';
import { WellKnownTools } from './support/tools.js';

const connections = new TestConnections();
const tools = new WellKnownTools();
let stage: Stage;
let site: Site;

beforeAll(async () => {
  [site, stage] = await Promise.all([openSite(), openStage('blocked')]);
  await stage.worker({ tools: tools.list, connections });
});
afterAll(async () => {
  await stage?.stop();
  await site?.close();
});

/** A document of which one step needs a connection and another one comes before it. */
function needing(skill: string, kind: JsonObject = { type: 'checkpoint', message: 'unblocked' }): JsonObject {
  return {
    id: 'needing',
    steps: [
      { id: 'before', kind: { type: 'tool_call', tool_name: 'echo', input: { kept: true } } },
      { id: 'needs', depends_on: ['before'], requires: [{ skill }], kind },
    ],
  };
}

async function startBlocked(document: JsonObject): Promise<Run> {
  const run = await stage.client.start(document, { executionTimeoutSecs: 200 });
  await untilRun(run, ({ status }) => status !== 'running' && status !== 'pending');
  return run;
}

/** Visibility lags: a run can only be told once it is listed. */
async function listed(run: Run, skill: string): Promise<void> {
  await eventually(async () => ((await collect(stage.client.listRuns({ missingSkill: skill }))).some((one) => one.run_id === run.id) ? true : undefined));
}

async function eventsOf(run: Run): Promise<string[]> {
  return (await collect(run.events())).map((event) => ('step_id' in event ? `${event.event} ${event.step_id}` : event.event));
}

describe.concurrent('a blocked run', () => {
  test('waits for a model that no worker has, rather than make up what an agent would say', async () => {
    const run = await startBlocked({ id: 'agent', steps: [{ id: 'a', kind: { type: 'agent_run', agent_id: 'helper', prompt: 'Hello' } }] });
    expect(await run.snapshot()).toMatchObject({ status: 'blocked', missing: ['native:agent'], steps: { a: { status: 'blocked' } } });
    await run.terminate();
  });

  test('goes on at the news that its connection is there', async () => {
    const run = await startBlocked(needing('late:signal'));
    expect(await run.snapshot()).toMatchObject({ status: 'blocked', missing: ['late:signal'], steps: { needs: { error: 'Missing skills: late:signal' } } });
    await listed(run, 'late:signal');
    // Later than the checks at 2 s and 7 s, earlier than the next one at 22 s.
    await sleep(9_000);
    connections.set('late:signal');
    expect((await stage.client.connectionsChanged(['late:signal'])).signalled).toBe(1);
    const snapshot = await run.result();
    expect(await wayUnblocked(stage.client.temporal, run.id)).toBe('told');
    expect(snapshot.steps).toMatchObject({ before: { result: { kept: true } }, needs: { status: 'done' } });
    expect(snapshot.steps.needs).not.toHaveProperty('error');
    expect(snapshot).not.toHaveProperty('missing');
    expect(await eventsOf(run)).toEqual([
      'workflow_started',
      'step_started before',
      'step_completed before',
      'step_blocked needs',
      'run_blocked',
      'step_unblocked needs',
      'step_started needs',
      'step_completed needs',
      'workflow_completed',
    ]);
  });

  test.each([
    ['late:timer', { type: 'checkpoint', message: 'unblocked' }],
    ['late:tool', { type: 'tool_call', tool_name: 'echo', input: {} }],
  ])('finds its connection %s by its own checks, which leave no events', async (skill, kind) => {
    const run = await startBlocked(needing(skill, kind));
    await sleep(300);
    const { history_events: before } = await run.describe();
    await sleep(2_500);
    expect((await run.describe()).history_events).toBe(before);
    connections.set(skill);
    expect((await run.result()).steps.needs).toMatchObject({ status: 'done' });
  });

  test('goes on when a worker starts with the skill that it lacks', async () => {
    const only = defineTool({ name: 'only_there', skill: 'other:machine', execute: () => ({ there: true }) });
    const kind = { type: 'tool_call', tool_name: 'only_there', input: { x: 1 } };
    const first = await stage.worker({ engine: false, skills: ['other:machine'], tools: [only] });
    const again = await stage.client.start({ id: 'elsewhere', steps: [{ id: 'a', kind }] });
    expect((await again.result()).output).toEqual({ there: true });
    // A native skill that nobody has, so far.
    const run = await startBlocked(needing('native:browser'));
    expect((await run.snapshot()).missing).toEqual(['native:browser']);
    await listed(run, 'native:browser');
    await sleep(9_000);
    const second = await stage.worker({ engine: false, skills: ['native:browser'], tools: [defineTool({ name: 'browse', skill: 'native:browser', execute: () => null })] });
    expect((await run.result()).steps.needs).toMatchObject({ status: 'done' });
    expect(await wayUnblocked(stage.client.temporal, run.id)).toBe('told');
    await Promise.all([first.stop(), second.stop()]);
  });

  test('whose connection was answered 401 waits for another revision, and goes on with it', async () => {
    const headers = (token: string) => ({ hosts: ['127.0.0.1'], headers: { Authorization: `Bearer ${token}` } });
    connections.set('renewed:api', headers('old-token-0000'));
    const kind = { type: 'api_call', method: 'GET', url: `${site.url}/key?token=new-token-1111` };
    const calls = () => site.requests.filter((request) => request.url.includes('new-token-1111')).length;
    const before = calls();
    const run = await startBlocked(needing('renewed:api', kind));
    const blocked = await run.snapshot();
    expect(blocked).toMatchObject({ status: 'blocked', missing: ['renewed:api'], steps: { before: { result: { kept: true } }, needs: { status: 'blocked' } } });
    expect(JSON.stringify(blocked)).not.toContain('old-token-0000');
    expect(calls()).toBe(before + 1);
    // The same revision does not count, however often it is looked for.
    await listed(run, 'renewed:api');
    await stage.client.connectionsChanged(['renewed:api']);
    await sleep(1_000);
    // While it looks it may show as running.
    await untilRun(run, ({ status }) => status === 'blocked');
    expect(calls()).toBe(before + 1);
    connections.set('renewed:api', headers('new-token-1111'));
    await stage.client.connectionsChanged(['renewed:api']);
    expect((await run.result()).steps.needs?.result).toEqual({ status: 200, body: { welcome: true } });
    expect(calls()).toBe(before + 2);
    const history = JSON.stringify(await stage.client.temporal.workflow.getHandle(run.id).fetchHistory());
    for (const secret of ['old-token-0000', 'new-token-1111']) {
      expect(history.replaceAll(`token=${secret}`, '')).not.toContain(secret);
      expect(history).not.toContain(Buffer.from(`Bearer ${secret}`).toString('base64').slice(0, 12));
    }
  });

  test('fails when five revisions of its connection were rejected', async () => {
    const revise = () => connections.set('refused:api', { hosts: ['127.0.0.1'], headers: { Authorization: 'Bearer never-right-1' } });
    revise();
    const kind = { type: 'api_call', method: 'GET', url: `${site.url}/key?token=five-times&code=403` };
    const run = await stage.client.start(needing('refused:api', kind), { executionTimeoutSecs: 200 });
    const calls = () => site.requests.filter((request) => request.url.includes('five-times')).length;
    for (let times = 1; times < 5; times += 1) {
      await untilRun(run, ({ status }) => status === 'blocked' && calls() === times);
      revise();
      await stage.client.temporal.workflow.getHandle(run.id).signal('connectionsChanged', { skills: ['refused:api'] });
    }
    await expect(run.result()).rejects.toMatchObject({
      code: 'RUN_FAILED',
      message: expect.stringMatching(/'needs' failed: .*rejected/) as string,
      snapshot: {
        status: 'failed',
        steps: { before: { status: 'done' }, needs: { status: 'failed', error_code: 'CONNECTION_REJECTED', error: expect.stringContaining('HTTP 403') as string } },
      },
    });
    expect(calls()).toBe(5);
  });

  test("waits, with pauses, for a connection that its step's worker lacks, however often", async () => {
    for (const skill of ['apart:a', 'apart:b']) connections.set(skill);
    let looks = 0;
    const get = async (skill: string) => {
      looks += 1;
      if (looks <= 3) throw new Error('The database does not answer');
      return connections.get(skill);
    };
    const far = defineTool({ name: 'far_away', skill: 'apart:machine', execute: () => 'here' });
    const worker = await stage.worker({ engine: false, skills: ['apart:machine'], tools: [far], connections: { get, list: async () => [] } });
    const step = { id: 'far', requires: [{ skill: 'apart:a' }, { skill: 'apart:b' }], kind: { type: 'tool_call', tool_name: 'far_away', input: {} } };
    const run = await stage.client.start({ id: 'apart', steps: [step] }, { executionTimeoutSecs: 200 });
    await untilRun(run, ({ status, missing }) => status === 'blocked' && missing?.[0] === 'apart:a');
    expect(looks).toBeGreaterThan(1);
    expect((await run.result()).output).toEqual({ output: 'here' });
    const events = await eventsOf(run);
    expect(events.filter((event) => event === 'step_unblocked far').length).toBeGreaterThanOrEqual(2);
    await worker.stop();
  });

  test('is none when the worker of its step has no place for connections at all: the step fails at once', async () => {
    for (const skill of ['bare:a', 'bare:b']) connections.set(skill);
    const bare = defineTool({ name: 'bare', skill: 'bare:machine', execute: () => null });
    const worker = await stage.worker({ engine: false, skills: ['bare:machine'], tools: [bare] });
    const step = { id: 'bare', retry: { max_attempts: 5 }, requires: [{ skill: 'bare:a' }, { skill: 'bare:b' }], kind: { type: 'tool_call', tool_name: 'bare', input: {} } };
    const run = await stage.client.start({ id: 'bare', steps: [step] }, { executionTimeoutSecs: 200 });
    const failure = { status: 'failed', attempts: 1, error_code: 'NO_CONNECTION_SOURCE', error: expect.stringContaining('give that worker DATABASE_URL') as string };
    await expect(run.result()).rejects.toMatchObject({ snapshot: { steps: { bare: failure } } });
    await worker.stop();
  });

  test('lets independent branches go on, and takes up each step as its own connection appears', async () => {
    const step = (id: string, skill: string) => ({ id, execution: 'parallel', requires: [{ skill }], kind: { type: 'checkpoint', message: id } });
    const steps = [step('one', 'pair:one'), step('two', 'pair:two'), { id: 'end', depends_on: ['one', 'two'], kind: { type: 'checkpoint', message: 'end' } }];
    const run = await startBlocked({ id: 'pair', steps });
    expect((await run.snapshot()).missing).toEqual(['pair:one', 'pair:two']);
    connections.set('pair:two');
    const half = await untilRun(run, ({ status, steps: now }) => status === 'blocked' && now.two?.status === 'done');
    expect(half).toMatchObject({ missing: ['pair:one'], steps: { one: { status: 'blocked' }, end: { status: 'pending' } } });
    connections.set('pair:one');
    await stage.client.temporal.workflow.getHandle(run.id).signal('connectionsChanged', { skills: ['pair:one'] });
    expect((await run.result()).output).toEqual({ message: 'end' });
  });
});

test('a step with one connection runs on the queue of that connection when a worker serves it', async () => {
  connections.set('own:queue');
  await eventually(async () => ((await stage.client.skills()).some(({ skill }) => skill === 'own:queue') ? true : undefined));
  const kind = { type: 'tool_call', tool_name: 'echo', input: { x: 1 } };
  const steps: JsonObject[] = [
    { id: 'there', requires: [{ skill: 'own:queue' }], kind },
    { id: 'here', kind },
  ];
  const run = await stage.client.start({ id: 'queues', steps }, { executionTimeoutSecs: 200 });
  await run.result();
  const { events } = await stage.client.temporal.workflow.getHandle(run.id).fetchHistory();
  const queues = events?.flatMap(({ activityTaskScheduledEventAttributes: scheduled }) => scheduled?.taskQueue?.name ?? []);
  expect(queues).toEqual([`${stage.queuePrefix}:own:queue`, `${stage.queuePrefix}:native:tool`]);
});
