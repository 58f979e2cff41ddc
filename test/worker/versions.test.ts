import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { afterAll, afterEach, beforeEach, expect, inject, test } from 'vitest';
import { DistriClient, type JsonObject, type Run } from '../../src/client/index.js';
import { createWorker } from '../../src/worker/create-worker.js';
import { defineTool } from '../../src/worker/define-tool.js';
import type { WorkerOptions } from '../../src/worker/options.js';
import { uniquePrefix } from './support.js';

const address = inject('temporalAddress');
const folder = await mkdtemp(join(tmpdir(), 'distri-versions-'));
const gate = join(folder, 'gate');
const WORKFLOW_QUEUE = 1;
const ACTIVITY_QUEUE = 2;

/** The fleet of a test: a deployment and a queue prefix of its own. */
let fleet: string;
let client: DistriClient;
let calls: string[];
/** The builds that serve the tool. */
const serving = new Set<string>();
const stops: (() => Promise<void>)[] = [];

beforeEach(async () => {
  fleet = uniquePrefix('fleet');
  client = await DistriClient.connect({ address, queuePrefix: fleet });
  calls = [];
  serving.clear();
  stops.push(() => client.close());
});
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
  await rm(gate, { force: true });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Starts a worker whose tool tells which build it is; without a build it has no version. */
async function start(buildId: string | undefined, options: WorkerOptions = {}): Promise<() => Promise<void>> {
  const where = defineTool({
    name: 'where',
    execute: async (input: JsonObject, { stepId, signal }) => {
      calls.push(stepId);
      while (input['gate'] === true && !existsSync(gate)) await sleep(50, undefined, { signal });
      return { build: buildId ?? 'none' };
    },
  });
  const worker = await createWorker({
    address,
    queuePrefix: fleet,
    workflowBundle: { codePath: inject('workflowBundlePath') },
    logger: pino({ level: 'silent' }),
    skills: ['native:tool'],
    tools: [where],
    ...(buildId === undefined ? {} : { deployment: { name: fleet, buildId } }),
    ...options,
  });
  if (buildId !== undefined && worker.skills.length > 0) serving.add(buildId);
  const ended = worker.run();
  let stopped: Promise<void> | undefined;
  const stop = () => (stopped ??= worker.shutdown().then(() => ended));
  stops.push(stop);
  return stop;
}

/** What `temporal worker deployment set-current-version` does, once the server knows the build; its queues follow a moment later. */
async function makeCurrent(buildId: string): Promise<void> {
  const service = client.temporal.workflowService;
  const request = { namespace: 'default', deploymentName: fleet, buildId, identity: 'test', ignoreMissingTaskQueues: true };
  await until(() => service.setWorkerDeploymentCurrentVersion(request).then(() => true, () => false));
  const queues = [[fleet, WORKFLOW_QUEUE], [fleet, ACTIVITY_QUEUE], ...(serving.has(buildId) ? [[`${fleet}:native:tool`, ACTIVITY_QUEUE] as const] : [])] as const;
  for (const [name, taskQueueType] of queues) {
    await until(async () => {
      const { versioningInfo } = await service.describeTaskQueue({ namespace: 'default', taskQueue: { name }, taskQueueType });
      return versioningInfo?.currentDeploymentVersion?.buildId === buildId;
    });
  }
}

async function until(look: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 60_000; !(await look()); await sleep(100)) {
    if (Date.now() > deadline) throw new Error(`It did not come true within a minute: ${String(look)}`);
  }
}

/** The build that the run's last workflow task was done by. */
async function buildOf(run: Run): Promise<string | null | undefined> {
  const { workflowExecutionInfo: info } = await client.temporal.workflowService.describeWorkflowExecution({
    namespace: 'default',
    execution: { workflowId: run.id },
  });
  return info?.versioningInfo?.deploymentVersion?.buildId;
}

const where = (id: string, more: JsonObject = {}): JsonObject => ({ id, kind: { type: 'tool_call', tool_name: 'where' }, input: {}, ...more });
const ask = (id: string): JsonObject => ({ id, kind: { type: 'wait_for_input', message: 'Well?' } });
const isPaused = (run: Run) => async () => (await run.snapshot()).status === 'paused';

test('a run goes on in the build that becomes current, and in the one before when that is taken back', async () => {
  const stopOne = await start('1');
  await makeCurrent('1');
  const run = await client.start({ id: 'upgraded', steps: [where('first'), ask('up'), where('second'), ask('back'), where('third')] });
  await until(isPaused(run));
  expect(await buildOf(run)).toBe('1');

  await start('2');
  await makeCurrent('2');
  await stopOne();
  await run.answer('up', {});
  await until(async () => (await run.snapshot()).steps['back']?.status === 'waiting_for_input');
  expect(await buildOf(run)).toBe('2');

  await start('1');
  await makeCurrent('1');
  await run.answer('back', {});
  const { status, steps } = await run.result();
  expect(status).toBe('completed');
  expect(['first', 'second', 'third'].map((id) => steps[id]?.result)).toEqual([{ build: '1' }, { build: '2' }, { build: '1' }]);
  expect(await buildOf(run)).toBe('1');
  expect(calls).toEqual(['first', 'second', 'third']);
});

test('a step that runs while another build becomes current ends where it began, and does not run again', async () => {
  await start('1');
  await makeCurrent('1');
  const run = await client.start({ id: 'under-way', steps: [where('long', { input: { gate: true } }), where('next')] });
  await until(async () => calls.length === 1);
  await start('2');
  await makeCurrent('2');
  await writeFile(gate, '');
  const { steps } = await run.result();
  expect([steps['long'], steps['next']]).toMatchObject([{ result: { build: '1' }, attempts: 1 }, { result: { build: '2' } }]);
  expect(await buildOf(run)).toBe('2');
  expect(calls).toEqual(['long', 'next']);
});

test('workers without a version do all the work until a build is current, which then takes over their runs', async () => {
  await start(undefined);
  const run = await client.start({ id: 'unversioned', steps: [where('before'), ask('up'), where('after')] });
  await until(isPaused(run));
  await start('1');
  const other = await client.start({ id: 'still', steps: [where('here')] });
  expect((await other.result()).steps['here']?.result).toEqual({ build: 'none' });
  expect((await run.snapshot()).steps['before']?.result).toEqual({ build: 'none' });

  await makeCurrent('1');
  await run.answer('up', {});
  const { status, steps } = await run.result();
  expect([status, steps['after']?.result, await buildOf(run)]).toEqual(['completed', { build: '1' }, '1']);
  expect(calls).toEqual(['before', 'here', 'after']);
});

test('a skill that only workers without a version serve is there for the runs of a versioned engine', async () => {
  await start('1', { skills: [] });
  await start(undefined, { engine: false });
  await makeCurrent('1');
  const run = await client.start({ id: 'mixed', steps: [where('tool')] });
  expect((await run.result()).steps['tool']?.result).toEqual({ build: 'none' });
});

test('a step whose skill only a build serves that is not current is blocked, and goes on when it is', async () => {
  await start('1', { skills: [] });
  await makeCurrent('1');
  await start('2');
  const run = await client.start({ id: 'early', steps: [where('tool')] });
  await until(async () => (await run.snapshot()).status === 'blocked');
  await makeCurrent('2');
  expect((await run.result()).steps['tool']?.result).toEqual({ build: '2' });
  expect(calls).toEqual(['tool']);
}, 180_000);
