import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JsonObject, Run } from '../../src/client/index.js';
import type { RunSnapshot } from '../../src/definition/snapshot.js';
import { RunFailedError } from '../../src/definition/errors.js';
import { openSite, type Site } from './support/site.js';
import { collect, eventually, openStage, untilRun, type Stage } from './support/stage.js';
import { WellKnownTools } from './support/tools.js';

let stage: Stage;
let site: Site;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'distri-cancel-'));
  [site, stage] = await Promise.all([openSite(), openStage('cancel')]);
  await stage.worker({ tools: new WellKnownTools().list });
});
afterAll(async () => {
  await stage?.stop();
  await site?.close();
  await rm(folder, { recursive: true, force: true });
});

/** A step that is done, and one that goes on until it is canceled. */
async function start(kind: JsonObject, step: JsonObject = {}): Promise<Run> {
  const before = { id: 'before', kind: { type: 'tool_call', tool_name: 'echo', input: { kept: true } } };
  const steps = [before, { id: 'going', depends_on: ['before'], kind, ...step }, { id: 'after', depends_on: ['going'], kind: { type: 'checkpoint', message: 'x' } }];
  return stage.client.start({ id: 'to-cancel', steps }, { executionTimeoutSecs: 900 });
}

/** Cancels, and tells how the run ended; what it cancels here goes on for longer than a test may take. */
async function cancel(run: Run): Promise<RunSnapshot> {
  await run.cancel('no longer needed');
  const error: unknown = await run.result().catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(RunFailedError);
  const { code, message, snapshot } = error as RunFailedError;
  expect(code).toBe('RUN_CANCELED');
  expect(message).toContain('no longer needed');
  expect(snapshot).toMatchObject({ status: 'canceled', steps: { before: { status: 'done', result: { kept: true } }, after: { status: 'pending' } } });
  const { status } = await stage.client.temporal.workflow.getHandle(run.id).describe();
  expect(status.name).toBe('CANCELLED');
  expect((await collect(run.events())).at(-1)).toMatchObject({ event: 'workflow_completed', status: 'canceled' });
  return snapshot;
}

const running = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return true;
};

/** A killed process that nobody has waited for is still in the process table. */
async function isAlive(pid: number): Promise<boolean> {
  if (!running(pid)) return false;
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') Z');
  return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) !== 'Z';
}

describe.concurrent('a cancel', () => {
  test('reaches the HTTP request', async () => {
    const run = await start({ type: 'api_call', method: 'GET', url: `${site.url}/slow?to-cancel` });
    await eventually(() => (site.requests.some(({ url }) => url.includes('?to-cancel')) ? true : undefined));
    const snapshot = await cancel(run);
    expect(snapshot.steps.going).toMatchObject({ status: 'failed', error_code: 'RUN_CANCELED' });
    await eventually(() => (site.hungUp.has('?to-cancel') ? true : undefined));
  });

  test.each([
    ['ends', 'polite', ''],
    ['kills', 'stubborn', `trap '' TERM; `],
  ])('%s the whole process group of a %s script', async (_does, name, prefix) => {
    const file = join(folder, name);
    const command = `${prefix}sleep 300 & echo $! $$ > ${file}; wait; while true; do sleep 1; done`;
    const run = await start({ type: 'script', command, timeout_secs: 300 });
    const pids = await eventually(async () => {
      const found = (await readFile(file, 'utf8').catch(() => '')).trim().split(' ').map(Number);
      return found.length === 2 ? found : undefined;
    });
    await cancel(run);
    expect(await Promise.all(pids.map(isAlive))).toEqual([false, false]);
  });

  test('reaches a tool by its signal', async () => {
    const run = await start({ type: 'tool_call', tool_name: 'sleep', input: { ms: 300_000 } });
    await untilRun(run, ({ steps }) => steps.going?.status === 'running');
    const snapshot = await cancel(run);
    expect(snapshot.steps.going).toMatchObject({ status: 'failed', error_code: 'RUN_CANCELED' });
  });

  test('ends a paused run at once', async () => {
    const run = await start({ type: 'wait_for_input', message: 'Well?' });
    await untilRun(run, ({ status }) => status === 'paused');
    const snapshot = await cancel(run);
    expect(snapshot.steps.going).toMatchObject({ status: 'pending' });
  });

  test('ends a blocked run at once', async () => {
    const run = await start({ type: 'checkpoint', message: 'x' }, { requires: [{ skill: 'never:there' }] });
    await untilRun(run, ({ status }) => status === 'blocked');
    const snapshot = await cancel(run);
    expect(snapshot.steps.going).toMatchObject({ status: 'pending' });
    expect(snapshot).not.toHaveProperty('missing');
  });

  test('of a step that waits for its next attempt does not wait for it', async () => {
    const kind = { type: 'tool_call', tool_name: 'fail', input: { message: 'again and again' } };
    const run = await start(kind, { retry: { max_attempts: 5, initial_interval_secs: 300 } });
    await untilRun(run, ({ steps }) => steps.going?.status === 'running');
    await eventually(async () => {
      const { raw } = await stage.client.temporal.workflow.getHandle(run.id).describe();
      return raw.pendingActivities?.[0]?.lastFailure ? true : undefined;
    });
    await cancel(run);
  });
});
