import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { RunSnapshot } from '../../src/client/index.js';
import { Recorder } from '../../src/server/recorder.js';
import type { EndedRunStore } from '../../src/store/ended-runs.js';
import { sharedPostgres } from '../support/postgres.js';
import { asking, chain } from './documents.js';
import { openStream } from './sse.js';
import { openPlatform, sharedPlatform, type Platform } from './stage.js';

const platform = sharedPlatform({ worker: {} });
const started: Recorder[] = [];
afterEach(async () => {
  for (const recorder of started.splice(0)) await recorder.close();
});

/** A recorder that looks at this test's runs only: those of all tests are in the same namespace. */
function record({ client, store }: Platform, since: Date, options: { store?: EndedRunStore; logger?: pino.Logger } = {}): Recorder {
  const endedRuns = options.store ?? store.endedRuns;
  vi.spyOn(endedRuns, 'newestEnd').mockResolvedValue(new Date(since.getTime() + 3_600_000));
  const recorder = new Recorder({ client, store: endedRuns, logger: options.logger ?? pino({ level: 'silent' }), everyMs: 100 });
  started.push(recorder);
  recorder.start();
  return recorder;
}

/** Takes the run out of Temporal, as retention does in the end. The server takes its time for it. */
async function forget({ client }: Platform, runId: string): Promise<void> {
  await client.temporal.workflowService.deleteWorkflowExecution({ namespace: 'default', workflowExecution: { workflowId: runId } });
  await vi.waitFor(async () => expect(await client.getRun(runId).describe().catch((error: { code: string }) => error.code)).toBe('RUN_NOT_FOUND'), { timeout: 180_000, interval: 250 });
}

const recorded = (runId: string, store = platform().store.endedRuns) => vi.waitFor(async () => expect(await store.get(runId)).toBeDefined(), { timeout: 60_000 });

describe('ended runs', () => {
  it('are read from the database as they were, when Temporal has forgotten them', async () => {
    const begun = new Date();
    const { client } = platform();
    const send: Platform['send'] = (...request) => platform().send(...request);
    const definition = { id: 'archived', steps: [{ id: 'call', kind: { type: 'workflow', definition: chain(3) } }] };
    const { run_id: runId } = (await send('POST', '/v1/runs', { as: 'ann', body: { definition } })).body;
    await client.getRun(runId).result();
    const path = `/v1/runs/${runId}`;
    const read = async () => ({
      run: (await send('GET', path, { as: 'ann' })).body as RunSnapshot,
      steps: (await send('GET', `${path}/steps`, { as: 'ann' })).body,
      context: (await send('GET', `${path}/context`, { as: 'ann' })).body,
      events: await (await openStream(platform(), `${path}/events`, { as: 'ann', lastEventId: '2' })).rest(),
    });
    const terminated = await client.start(asking, { owner: 'ann' });
    await vi.waitFor(async () => expect((await terminated.snapshot()).status).toBe('paused'), { timeout: 60_000 });
    await terminated.terminate('enough');
    const readTerminated = async () => (await openStream(platform(), `/v1/runs/${terminated.id}/events`)).rest();
    const told = await readTerminated();
    expect(told.map(({ event }) => event)).toEqual(['snapshot', 'workflow_completed']);
    const before = await read();
    const child = before.run.steps.call?.child?.run_id ?? '';
    record(platform(), begun);
    const ids = [runId, child, terminated.id];
    await Promise.all(ids.map((id) => recorded(id)));
    await Promise.all(ids.map((id) => forget(platform(), id)));
    expect(await read()).toEqual(before);
    expect(await readTerminated()).toEqual(told);
    expect(before.events.map(({ id }) => id)[0]).toBe('3');
    const last = before.events.at(-1)?.id ?? '';
    expect((await send('GET', `${path}/events`, { as: 'ann', headers: { 'last-event-id': last } })).status).toBe(204);
    expect((await send('GET', `/v1/runs/${encodeURIComponent(child)}`, { as: 'ann' })).body).toMatchObject({ status: 'completed', parent_run_id: runId });
    for (const route of ['', '/steps', '/events']) expect((await send('GET', path + route, { as: 'bob' })).status).toBe(404);
    expect((await send('GET', path, { as: 'root:admin' })).status).toBe(200);
  });

  it('are listed with archived=true, by filters and pages, each user their own', async () => {
    const begun = new Date();
    const user = `keeper-${randomUUID()}`;
    const ids: string[] = [];
    for (let n = 0; n < 3; n += 1) {
      const run = await platform().client.start(chain(1), { owner: user });
      await run.result();
      ids.unshift(run.id);
    }
    const canceled = await platform().client.start(asking, { owner: user });
    await canceled.cancel();
    await canceled.result().catch(() => undefined);
    record(platform(), begun);
    for (const id of [...ids, canceled.id]) await recorded(id);
    const list = async (query: string, as = user) => (await platform().send('GET', `/v1/runs?archived=true&${query}`, { as })).body;
    expect((await list('')).items.map((run: { run_id: string }) => run.run_id)).toEqual([canceled.id, ...ids]);
    expect((await list('status=canceled')).items).toMatchObject([{ run_id: canceled.id, workflow_id: 'asking', owner: user, status: 'canceled' }]);
    expect((await list('', 'somebody')).items).toEqual([]);
    expect((await list(`owner=${user}&workflow_id=chain`, 'root:admin')).items).toHaveLength(3);
    const first = await list('limit=2');
    const second = await list(`limit=2&cursor=${first.next_cursor}`);
    expect([...first.items, ...second.items].map((run: { run_id: string }) => run.run_id)).toEqual([canceled.id, ...ids]);
    expect(second.next_cursor).toBeUndefined();
  });
});

describe('a recorder', () => {
  const postgres = sharedPostgres();

  it('goes on after an outage of the database where it was, tells of the outage once, and ends when it is closed', async () => {
    const own = await openPlatform({ database: { url: await postgres().create('recorded') }, worker: {} });
    const lines: string[] = [];
    const logger = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
    const begun = new Date();
    const first = await own.client.start(chain(1), { owner: 'ann' });
    await first.result();
    const recorder = record(own, begun, { logger });
    await recorded(first.id, own.store.endedRuns);
    await postgres().stop();
    await vi.waitFor(() => expect(lines.some((line) => line.includes('cannot be recorded for now'))).toBe(true), { timeout: 60_000 });
    const missed = await own.client.start(chain(1), { owner: 'ann' });
    await missed.result();
    await new Promise((resolve) => setTimeout(resolve, 500));
    await postgres().start();
    await vi.waitFor(() => recorded(missed.id, own.store.endedRuns), { timeout: 60_000 });
    await recorder.close();
    expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg).filter((text) => !text.startsWith('An ended run'))).toEqual([expect.stringContaining('cannot be recorded for now'), 'Ended runs are recorded again']);
    const put = vi.spyOn(own.store.endedRuns, 'put');
    const late = await own.client.start(chain(1));
    await late.result();
    expect(put).not.toHaveBeenCalled();
    await own.close();
  });

  it('begins with all that ended within retention, oldest first, and else a bit before the newest that is there', async () => {
    const { client, store } = platform();
    const asked: { from: number; to: number }[] = [];
    vi.spyOn(client, 'listRunsPage').mockImplementation(async ({ endedAfter = '', endedBefore = '' } = {}) => {
      asked.push({ from: Date.parse(endedAfter), to: Date.parse(endedBefore) });
      return { runs: [] };
    });
    for (const newest of [undefined, new Date(Date.now() - 5_000)]) {
      asked.length = 0;
      vi.spyOn(store.endedRuns, 'newestEnd').mockResolvedValue(newest);
      const recorder = new Recorder({ client, store: store.endedRuns, logger: pino({ level: 'silent' }), everyMs: 10 });
      recorder.start();
      const now = Date.now();
      await vi.waitFor(() => expect(asked.at(-1)?.to).toBeGreaterThan(now), { timeout: 60_000 });
      await recorder.close();
      const { config } = await client.temporal.workflowService.describeNamespace({ namespace: 'default' });
      const retention = Number(config?.workflowExecutionRetentionTtl?.seconds) * 1_000;
      const begun = newest === undefined ? now - retention : newest.getTime() - 3_600_000;
      expect(Math.abs((asked[0]?.from ?? 0) - begun)).toBeLessThan(2 * 60_000);
      // No gap between what is asked for, and no question of more than an hour and the overlap.
      for (const [at, { from, to }] of asked.entries()) {
        expect(from).toBeLessThanOrEqual(asked[at - 1]?.to ?? Number.POSITIVE_INFINITY);
        expect(to - from).toBeLessThanOrEqual(3_660_000);
      }
    }
    vi.restoreAllMocks();
  });
});
