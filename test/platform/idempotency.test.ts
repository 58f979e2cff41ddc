import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readContent } from '../../src/store/workflows/content.js';
import { sharedPostgres } from '../support/postgres.js';
import { asking } from './documents.js';
import { openPlatform, sharedPlatform } from './stage.js';

const platform = sharedPlatform();

async function runsOf(user: string): Promise<string[]> {
  const ids = [];
  for await (const run of platform().client.listRuns({ owner: user })) ids.push(run.run_id);
  return ids;
}

describe('an Idempotency-Key', () => {
  it('starts one run, however many requests race, at several processes', async () => {
    const other = await openPlatform();
    const user = `racer-${randomUUID()}`;
    const request = { as: user, body: { definition: asking, input: { a: 1, b: 2 } }, headers: { 'idempotency-key': 'one' } };
    // The same request, with its keys in another order.
    const reordered = { ...request, body: { input: { b: 2, a: 1 }, definition: asking } };
    const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => (n % 2 === 0 ? platform() : other).send('POST', '/v1/runs', n % 3 === 0 ? reordered : request)));
    await other.close();
    const { run_id } = answers[0]?.body ?? {};
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    for (const { status, headers, body } of answers) {
      expect(body).toMatchObject({ run_id, workflow_id: 'asking', definition_hash: expect.any(String) });
      expect(headers.get('idempotent-replayed')).toBe(status === 201 ? null : 'true');
      expect(headers.get('location')).toBe(`/v1/runs/${run_id}`);
    }
    await expect.poll(() => runsOf(user), { timeout: 60_000 }).toEqual([run_id]);
  });

  it('is refused for another request, and belongs to its user', async () => {
    const [ann, bob] = [`ann-${randomUUID()}`, `bob-${randomUUID()}`];
    const headers = { 'idempotency-key': 'k' };
    const start = (as: string, body: object) => platform().send('POST', '/v1/runs', { as, body, headers });
    const first = await start(ann, { definition: asking });
    expect(await start(ann, { definition: asking, input: {} })).toMatchObject({ status: 422, body: { code: 'IDEMPOTENCY_KEY_REUSED' } });
    expect(await start(ann, { definition: { ...asking, id: 'other' } })).toMatchObject({ status: 422 });
    const others = await start(bob, { definition: asking });
    expect(others.status).toBe(201);
    expect(others.body.run_id).not.toBe(first.body.run_id);
  });

  it('must be visible ASCII of a bounded length, and chooses the run id alone', async () => {
    const start = (key: string, body: object = {}) => platform().send('POST', '/v1/runs', { body: { definition: asking, ...body }, headers: { 'idempotency-key': key } });
    for (const key of ['x'.repeat(256), 'a b', 'ü']) expect((await start(key)).body?.code, key).toBe('BAD_REQUEST');
    expect((await start('y'.repeat(255))).status).toBeLessThan(300);
    expect((await start('z', { run_id: 'mine' })).body.code).toBe('BAD_REQUEST');
  });

  it('starts a run whose id nobody can have taken before', async () => {
    const { send, queuePrefix } = platform();
    const workflow = randomUUID();
    const made = [`run-${randomUUID()}`, `${workflow}-scheduled-2027-01-01T00:00:00Z`, `${workflow.toUpperCase()}-x`];
    for (const run_id of [...made, 'order-17/charge', `${queuePrefix}-catalogue`, 'temporal-sys-scheduler:distri-trigger-1']) {
      expect(await send('POST', '/v1/runs', { body: { definition: asking, run_id } }), run_id).toMatchObject({ status: 400, body: { code: 'BAD_REQUEST' } });
    }
    expect((await send('POST', '/v1/runs', { body: { definition: asking, run_id: workflow } })).status).toBe(201);
  });

  it('of a stored workflow answers the same run also when the workflow has changed or is gone', async () => {
    const { store } = platform();
    const viewer = { user: `owner-${randomUUID()}`, isAdmin: false };
    const { record } = await store.workflows.create(viewer.user, { content: readContent(JSON.stringify(asking), 1e6) });
    const start = () => platform().send('POST', `/v1/workflows/${record.id}/run`, { as: viewer.user, headers: { 'idempotency-key': 'stored' } });
    const first = await start();
    expect(first).toMatchObject({ status: 201, body: { workflow_id: record.id, version: 1 } });
    await store.workflows.update(viewer, record.id, { content: readContent(JSON.stringify({ ...asking, name: 'Renamed' }), 1e6) });
    expect(await start()).toMatchObject({ status: 200, body: { run_id: first.body.run_id, version: 1 } });
    await store.workflows.delete(viewer, record.id);
    expect(await start()).toMatchObject({ status: 200, body: { run_id: first.body.run_id } });
  });
});

describe('without its database', () => {
  const postgres = sharedPostgres();

  it('the API goes on starting, showing, following and answering the runs of who asks', async () => {
    const own = await openPlatform({ database: { url: await postgres().create('runs') }, worker: {} });
    await postgres().stop();
    const request = { as: 'ann', body: { definition: asking }, headers: { 'idempotency-key': randomUUID() } };
    const started = await own.send('POST', '/v1/runs', request);
    const again = await own.send('POST', '/v1/runs', request);
    const path = `/v1/runs/${started.body.run_id}`;
    await expect.poll(async () => (await own.send('GET', path, { as: 'ann' })).body.status, { timeout: 60_000 }).toBe('paused');
    const stranger = await own.send('GET', path, { as: 'bob' });
    const nowhere = await own.send('GET', '/v1/runs/nowhere', { as: 'bob' });
    const answered = await own.send('POST', `${path}/answer`, { as: 'ann', body: { step_id: 'ask', value: { go: true } } });
    const events = await own.send('GET', `${path}/events`, { as: 'ann' });
    await postgres().start();
    await own.close();
    expect([started.status, again.status, answered.status]).toEqual([201, 200, 204]);
    expect(events.text).toContain('event: workflow_completed');
    // Whether somebody else's run may be seen is not known, nor whether an unknown one was there: the same answer.
    expect([stranger, nowhere]).toMatchObject([{ status: 503, body: { code: 'STORE_UNAVAILABLE' } }, { status: 503, body: { code: 'STORE_UNAVAILABLE' } }]);
  });
});
