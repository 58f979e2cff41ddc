import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import type { Run } from '../../src/client/index.js';
import { readContent } from '../../src/store/workflows/content.js';
import { asking, chain } from './documents.js';
import { openStream, type Message, type Stream } from './sse.js';
import { openSecondApi } from './second-api.js';
import { sharedPlatform } from './stage.js';

const platform = sharedPlatform({ worker: {}, settings: { heartbeatMs: 100, slowReaderMs: 500, recheckMs: 100 } });
const events = (runId: string): string => `/v1/runs/${encodeURIComponent(runId)}/events`;
const unavailable = Object.assign(new Error('14 UNAVAILABLE: no connection'), { code: 14, details: 'no connection', metadata: {} });
const withoutResults = ({ id, event, data }: Message) => ({ id, event, at: data.at });

/** Reads until a message of this event; gives what was read. */
async function readUntil(stream: Stream, event: string): Promise<Message[]> {
  const read: Message[] = [];
  for await (const message of stream.messages()) {
    read.push(message);
    if (message.event === event) return read;
  }
  throw new Error(`The stream ended without ${event}, with ${JSON.stringify(read.at(-1))}`);
}

describe('the events of a run', () => {
  it('come as they happen, one line of JSON each, and the stream ends with the run', async () => {
    const run = await platform().client.start(asking);
    const stream = await openStream(platform(), events(run.id));
    expect(Object.fromEntries(stream.response.headers)).toMatchObject({ 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
    expect(stream.response.headers.has('content-encoding')).toBe(false);
    const before = await readUntil(stream, 'step_waiting');
    await run.answer('ask', { go: true });
    const all = [...before, ...(await stream.rest())];
    expect(all.map(({ event }) => event)).toEqual(expect.arrayContaining(['workflow_started', 'step_waiting', 'step_completed', 'workflow_completed']));
    expect(all.map(({ id }) => Number(id))).toEqual(all.map((_, at) => at + 1));
    expect(all.at(-1)).toMatchObject({ event: 'workflow_completed', data: { event: 'workflow_completed', status: 'completed', seq: all.length } });
    const back = await platform().send('GET', events(run.id), { headers: { 'last-event-id': String(all.length) } });
    expect({ status: back.status, text: back.text }).toEqual({ status: 204, text: '' });
  });

  it('continue exactly after each id, also at another process and across continue-as-new', async () => {
    const run = await platform().client.start(chain(12, { asks: true }), { continueAfterEvents: 20 });
    const first = await openStream(platform(), events(run.id));
    const live = await readUntil(first, 'step_waiting');
    first.close();
    // Other processes of the API: as after a restart.
    for (const from of [1, Math.floor(live.length / 2), live.length - 1]) {
      const restarted = await openSecondApi(platform());
      const stream = await openStream(restarted, events(run.id), { lastEventId: String(from) });
      expect((await readUntil(stream, 'step_waiting')).map(withoutResults)).toEqual(live.slice(from).map(withoutResults));
      stream.close();
      await restarted.close();
    }
    const open = await openStream(platform(), events(run.id), { lastEventId: String(live.length) });
    await run.answer('ask', null);
    const all = [...live, ...(await open.rest())];
    const history = await platform().client.temporal.workflow.getHandle(run.id).fetchHistory();
    expect(history.events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId).not.toBe('');
    expect(all.map(({ id }) => Number(id))).toEqual(all.map((_, at) => at + 1));
    for (let from = 0; from < all.length; from += 1) {
      const rest = await (await openStream(platform(), from % 2 === 0 ? events(run.id) : `${events(run.id)}?after=${from}`, from % 2 === 0 ? { lastEventId: String(from) } : {})).rest();
      expect(rest.map(withoutResults), String(from)).toEqual(all.slice(from).map(withoutResults));
    }
  });

  it('end a stream that is open when the server closes, at once', async () => {
    const own = await openSecondApi(platform());
    const run = await platform().client.start(asking);
    const stream = await openStream(own, events(run.id));
    await readUntil(stream, 'workflow_started');
    const rest = stream.rest().catch(() => []);
    // A stream left alone would end after an hour.
    await own.close();
    await rest;
  });

  it('are refused as problems before the first byte', async () => {
    const run = await platform().client.start(asking);
    expect(await platform().send('GET', events(run.id), { headers: { 'last-event-id': 'abc' } })).toMatchObject({ status: 400, body: { code: 'BAD_REQUEST' } });
    expect(await platform().send('GET', `${events(run.id)}?after=-1`)).toMatchObject({ status: 400 });
    expect(await platform().send('GET', events('nowhere'))).toMatchObject({ status: 404, body: { code: 'RUN_NOT_FOUND' } });
    expect((await platform().send('HEAD', events(run.id))).status).toBe(405);
  });

  it('show that the stream is alive when nothing happens', async () => {
    const run = await platform().client.start(asking);
    const stream = await openStream(platform(), events(run.id));
    await readUntil(stream, 'step_waiting');
    const pending = stream.rest().catch(() => []);
    await vi.waitFor(() => expect(stream.comments.length).toBeGreaterThan(2), { timeout: 60_000 });
    stream.close();
    await pending;
  });

  it('are asked for once for all readers, and no longer when all are gone', async () => {
    const feeds = feedsOf(platform().client.getRun('any'));
    const run = await platform().client.start(asking);
    const streams = await Promise.all(Array.from({ length: 20 }, () => openStream(platform(), events(run.id))));
    await Promise.all(streams.map((stream) => readUntil(stream, 'step_waiting')));
    const polls = vi.spyOn(platform().client.temporal.workflowService, 'getWorkflowExecutionHistory');
    expect([...feeds.keys()].filter((id) => id === run.id)).toHaveLength(1);
    await run.answer('ask', { go: true });
    const ends = await Promise.all(streams.map((stream) => stream.rest()));
    for (const end of ends) expect(end.at(-1)?.event).toBe('workflow_completed');
    expect(polls.mock.calls.filter(([request]) => request.waitNewEvent && request.execution?.workflowId === run.id).length).toBeLessThan(20);
    polls.mockRestore();
    const left = await platform().client.start(asking);
    const gone = await openStream(platform(), events(left.id));
    await readUntil(gone, 'step_waiting');
    expect(feeds.has(left.id)).toBe(true);
    gone.close();
    await vi.waitFor(() => expect(feeds.has(left.id)).toBe(false), { timeout: 60_000, interval: 20 });
  });

  it('wait for a slow reader, who is cut off in the end', async () => {
    const run = await platform().client.start(chain(300, { command: "head -c 100000 /dev/zero | tr '\\0' x" }));
    const { port } = new URL(platform().url);
    const socket = connect(Number(port), '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(`GET ${events(run.id)} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer local:admin\r\n\r\n`);
    socket.pause();
    const feeds = feedsOf(run);
    await vi.waitFor(() => expect(feeds.has(run.id)).toBe(true), { timeout: 60_000 });
    await vi.waitFor(() => expect(feeds.has(run.id)).toBe(false), { timeout: 120_000 });
    expect((await run.describe()).status).toBe('running');
    await run.terminate();
    socket.destroy();
  });
});

/** The feeds of the client that a run is of. */
function feedsOf(run: Run): Map<string, unknown> {
  return run['session'].feeds;
}

describe('the events of a workflow', () => {
  const ann = { user: 'ann', isAdmin: false };

  async function stored(): Promise<string> {
    const { record } = await platform().store.workflows.create('ann', { content: readContent(JSON.stringify(asking), 1e6) });
    await platform().store.shares.share(ann, record.id, 'rob', 'run');
    return record.id;
  }

  async function startOf(id: string, as: string): Promise<string> {
    return (await platform().send('POST', `/v1/workflows/${id}/run`, { as })).body.run_id;
  }

  const answer = (runId: string) => platform().client.getRun(runId).answer('ask', { go: true });

  /** Reads until so many messages of this event. */
  async function readMany(stream: Stream, event: string, many: number): Promise<Message[]> {
    const read: Message[] = [];
    for (let left = many; left > 0; left -= 1) read.push(...(await readUntil(stream, event)));
    return read;
  }

  it('are those of its open runs and of the ones that start later, of all who run it for who edits it', async () => {
    const id = await stored();
    const done = await startOf(id, 'ann');
    await vi.waitFor(() => answer(done), { timeout: 60_000 });
    await platform().client.getRun(done).result();
    const before = await startOf(id, 'rob');
    const editor = await openStream(platform(), `/v1/workflows/${id}/events`, { as: 'ann' });
    const runner = await openStream(platform(), `/v1/workflows/${id}/events`, { as: 'rob' });
    await readMany(editor, 'step_waiting', 1);
    const later = await startOf(id, 'ann');
    const seen = await readMany(editor, 'step_waiting', 1);
    expect(seen.at(-1)?.data.run_id).toBe(later);
    expect(seen.some(({ data }) => data.run_id === done)).toBe(false);
    await Promise.all([answer(before), answer(later)]);
    expect((await readMany(editor, 'workflow_completed', 2)).filter(({ event }) => event === 'workflow_completed').map(({ data }) => data.run_id).sort()).toEqual([before, later].sort());
    expect(new Set((await readMany(runner, 'workflow_completed', 1)).map(({ data }) => data.run_id))).toEqual(new Set([before]));
    editor.close();
    runner.close();
    expect((await platform().send('GET', `/v1/workflows/${id}/events`, { as: 'mallory' })).body.code).toBe('WORKFLOW_NOT_FOUND');
  });

  it('go on with each run exactly where they were, whatever happened meanwhile', async () => {
    const id = await stored();
    const path = `/v1/workflows/${id}/events`;
    const ends = await startOf(id, 'ann');
    const stays = await startOf(id, 'ann');
    const first = await openStream(platform(), path, { as: 'ann' });
    const read = await readMany(first, 'step_waiting', 2);
    first.close();
    // While nobody reads: one ends, one comes and ends, one comes and stays.
    await answer(ends);
    const short = await startOf(id, 'ann');
    await vi.waitFor(() => answer(short), { timeout: 60_000 });
    await platform().client.getRun(short).result();
    const long = await startOf(id, 'ann');
    let cursor = read.at(-1)?.id ?? '';
    const restarted = await openSecondApi(platform());
    for (let ended = 0; ended < 2 || !read.some(({ event, data }) => data.run_id === long && event === 'step_waiting'); ) {
      // Comes back after each message, to another process.
      const stream = await openStream(read.length % 2 === 0 ? platform() : restarted, path, { as: 'ann', lastEventId: cursor });
      const { value } = await stream.messages().next();
      stream.close();
      if (value === undefined) throw new Error('The stream ended');
      read.push(value);
      cursor = value.id ?? cursor;
      if (value.event === 'workflow_completed') ended += 1;
    }
    await restarted.close();
    for (const runId of [ends, stays, short, long]) {
      const seqs = read.filter(({ data }) => data.run_id === runId).map(({ data }) => data.seq);
      expect(seqs, runId).toEqual(seqs.map((_, at) => at + 1));
      const whole = await platform().client.getRun(runId).ended();
      if (whole !== undefined) expect(seqs).toHaveLength(whole.events?.length ?? 0);
    }
  });

  it('end for a reader who may no longer see them, before a run of then is told', async () => {
    const id = await stored();
    await platform().store.shares.share(ann, id, 'bob', 'edit');
    const stream = await openStream(platform(), `/v1/workflows/${id}/events`, { as: 'bob' });
    const first = await startOf(id, 'ann');
    await readMany(stream, 'step_waiting', 1);
    await platform().store.shares.unshare(ann, id, 'bob');
    const rest = await stream.rest();
    expect(rest.at(-1)).toMatchObject({ event: 'error', data: { status: 404, code: 'WORKFLOW_NOT_FOUND' } });
    const own = await openStream(platform(), events(first), { as: 'ann' });
    await readUntil(own, 'step_waiting');
    own.close();
  });

  it('are open so often for one user, and no more often', async () => {
    const id = await stored();
    await platform().store.shares.share(ann, id, 'max', 'run');
    const streams: Stream[] = [];
    for (;;) {
      const next = await openStream(platform(), `/v1/workflows/${id}/events`, { as: 'max' });
      if (next.response.status === 429) break;
      streams.push(next);
      expect(streams.length).toBeLessThanOrEqual(200);
    }
    streams.pop()?.close();
    await vi.waitFor(async () => {
      const again = await openStream(platform(), `/v1/workflows/${id}/events`, { as: 'max' });
      expect(again.response.status).toBe(200);
      again.close();
    }, { timeout: 60_000 });
    for (const stream of streams) stream.close();
  });

  it('are looked for once for all who read them', async () => {
    const id = await stored();
    const looks = vi.spyOn(platform().client, 'listRunsPage');
    const streams = await Promise.all(Array.from({ length: 20 }, (_, n) => openStream(platform(), `/v1/workflows/${id}/events`, { as: n % 2 === 0 ? 'ann' : 'rob' })));
    await sleep(1_000);
    looks.mockClear();
    const begun = Date.now();
    await sleep(5_000);
    const runId = await startOf(id, 'rob');
    const seen = await Promise.all(streams.map((stream) => readUntil(stream, 'step_waiting')));
    expect(seen.map((messages) => messages.at(-1)?.data.run_id)).toEqual(streams.map(() => runId));
    // Those who see all runs, and those who see their own, each every two seconds.
    expect(looks.mock.calls.length).toBeLessThanOrEqual(2 * (2 + Math.floor((Date.now() - begun) / 2_000)));
    looks.mockRestore();
    for (const stream of streams) stream.close();
  });

  it('lose no run of a reader who comes back while Temporal is away', async () => {
    const id = await stored();
    const path = `/v1/workflows/${id}/events`;
    const runId = await startOf(id, 'ann');
    const first = await openStream(platform(), path, { as: 'ann' });
    const cursor = (await readMany(first, 'step_waiting', 1)).at(-1)?.id ?? '';
    first.close();
    // It has not looked at the run before.
    const restarted = await openSecondApi(platform());
    const away = vi.spyOn(restarted.client.temporal.workflowService, 'describeWorkflowExecution').mockRejectedValue(unavailable);
    const refused = await openStream(restarted, path, { lastEventId: cursor });
    expect(refused.response.status).toBe(503);
    away.mockRestore();
    const back = await openStream(restarted, path, { lastEventId: cursor });
    await answer(runId);
    expect((await readMany(back, 'workflow_completed', 1)).at(-1)?.data.run_id).toBe(runId);
    back.close();
    await restarted.close();
  });

  it('tell nothing of runs that a forged cursor names', async () => {
    const id = await stored();
    const others = await platform().client.start({ ...asking, id }, { owner: 'zoe', runId: `${id}-${randomUUID()}` });
    const forged = `${Date.now().toString(36)};${encodeURIComponent(others.id)}=0`;
    const stream = await openStream(platform(), `/v1/workflows/${id}/events`, { as: 'rob', lastEventId: forged });
    const own = await startOf(id, 'rob');
    expect(new Set((await readUntil(stream, 'step_waiting')).map(({ data }) => data.run_id))).toEqual(new Set([own]));
    stream.close();
    expect((await platform().send('GET', `/v1/workflows/${id}/events`, { as: 'rob', headers: { 'last-event-id': '%%%' } })).status).toBe(400);
  });
});
