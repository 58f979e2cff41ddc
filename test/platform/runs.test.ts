import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { readContent } from '../../src/store/workflows/content.js';
import { defineTool } from '../../src/worker/define-tool.js';
import { asking, chain, holding } from './documents.js';
import { sharedPlatform, type Answer, type SendOptions } from './stage.js';

/** Keeps nothing, and lists one checkpoint, or hangs until it is told to stop. */
const keepers = ['keeper', 'hanging_keeper'].map((name) =>
  defineTool({
    name,
    execute: async (given, { signal }) => {
      if ((given as { action: string }).action !== 'list') return null;
      if (name === 'hanging_keeper') await sleep(60_000, undefined, { signal });
      return [{ checkpoint_id: 'c1', step_id: 's0' }];
    },
  }),
);
const platform = sharedPlatform({ worker: { tools: keepers } });
const send = (method: string, path: string, options?: SendOptions): Promise<Answer> => platform().send(method, path, options);
const at = (runId: string, rest = ''): string => `/v1/runs/${encodeURIComponent(runId)}${rest}`;

async function start(definition: object, { as = 'ann', ...body }: { as?: string; [key: string]: unknown } = {}): Promise<string> {
  const { status, body: answer } = await send('POST', '/v1/runs', { as, body: { definition, ...body } });
  expect(status, JSON.stringify(answer)).toBe(201);
  return answer.run_id;
}

async function waits(runId: string, status = 'paused'): Promise<void> {
  await vi.waitFor(async () => expect((await send('GET', at(runId))).body.status).toBe(status), { timeout: 60_000, interval: 100 });
}

async function store(document: object, owner = 'ann'): Promise<string> {
  const { record } = await platform().store.workflows.create(owner, { content: readContent(JSON.stringify(document), 1e6) });
  return record.id;
}

describe('a start', () => {
  it('answers where the run is, and the run belongs to who started it', async () => {
    const { status, headers, body } = await send('POST', '/v1/runs', { as: 'ann', body: { definition: chain(1), run_id: `strange?id ü% ${randomUUID()}` } });
    expect({ status, body }).toMatchObject({ status: 201, body: { workflow_id: 'chain', status: 'running', definition_hash: expect.any(String) } });
    expect(headers.get('location')).toBe(at(body.run_id));
    await waits(body.run_id, 'completed');
    const run = await send('GET', headers.get('location') ?? '', { as: 'ann' });
    expect(run.body).toMatchObject({ run_id: body.run_id, status: 'completed', steps: { s0: { status: 'done', result: {} } } });
    expect((await platform().client.getRun(body.run_id).describe()).owner).toBe('ann');
  });

  it('refuses what cannot run, with all problems, and starts nothing', async () => {
    const bad = { id: 'bad', steps: [{ id: 'a', depends_on: ['b'], kind: { type: 'checkpoint', message: '' } }] };
    const refused = await send('POST', '/v1/runs', { body: { definition: bad } });
    expect(refused).toMatchObject({ status: 400, body: { code: 'UNKNOWN_DEPENDENCY', problems: [{ code: 'UNKNOWN_DEPENDENCY', path: expect.stringContaining('steps[0]') }] } });
    const wrong = { ...chain(1), input_schema: { type: 'object', required: ['x'] } };
    expect(await send('POST', '/v1/runs', { body: { definition: wrong } })).toMatchObject({ status: 422, body: { code: 'INVALID_INPUT' } });
    expect(await send('POST', '/v1/runs', { body: { definition: chain(1), input: [] } })).toMatchObject({ status: 400, body: { code: 'BAD_REQUEST' } });
    expect(await send('POST', '/v1/runs', { body: {} })).toMatchObject({ status: 400, body: { code: 'BAD_REQUEST' } });
    expect(await send('POST', '/v1/runs', { body: { definition: chain(1), inputs: {} } })).toMatchObject({ status: 400 });
    const runId = await start(asking, { run_id: `taken-${randomUUID()}` });
    expect(await send('POST', '/v1/runs', { body: { definition: asking, run_id: runId } })).toMatchObject({ status: 409, body: { code: 'RUN_ALREADY_EXISTS' } });
  });

  it('of a stored workflow is one of its newest version, or the given one, for who may run it', async () => {
    const id = await store(chain(1));
    const viewer = { user: 'ann', isAdmin: false };
    await platform().store.workflows.update(viewer, id, { content: readContent(JSON.stringify(asking), 1e6) });
    const newest = await send('POST', `/v1/workflows/${id}/run`, { as: 'ann' });
    expect(newest).toMatchObject({ status: 201, body: { workflow_id: id, version: 2 } });
    await waits(newest.body.run_id);
    const first = await send('POST', `/v1/workflows/${id}/run`, { as: 'ann', body: { version: 1, input: { a: 1 } } });
    await waits(first.body.run_id, 'completed');
    expect((await send('GET', at(first.body.run_id), { as: 'ann' })).body).toMatchObject({ workflow_id: id, version: 1, context: { a: 1 } });
    expect(await send('POST', `/v1/workflows/${id}/run`, { as: 'bob' })).toMatchObject({ status: 404, body: { code: 'WORKFLOW_NOT_FOUND' } });
    expect(await send('POST', `/v1/workflows/${id}/run`, { as: 'ann', body: { version: 9 } })).toMatchObject({ status: 404 });
    await platform().store.shares.share(viewer, id, 'rea', 'read');
    expect(await send('POST', `/v1/workflows/${id}/run`, { as: 'rea' })).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } });
  });
});

describe('a definition with the id of a stored workflow', () => {
  const inStep = (id: string): object => ({ id: 'outer', steps: [{ id: 'c', kind: { type: 'condition', expression: 'true', if_true: { type: 'workflow', definition: { ...asking, id } } } }] });

  it('is run, and kept within a step, for who may edit that workflow only', async () => {
    const id = await store(asking);
    const viewer = { user: 'ann', isAdmin: false };
    await platform().store.shares.share(viewer, id, 'eve', 'edit');
    await platform().store.shares.share(viewer, id, 'rob', 'run');
    for (const definition of [{ ...asking, id }, { agent_type: 'workflow_agent', definition: { ...asking, id } }, inStep(id)]) {
      for (const as of ['mallory', 'rob']) {
        const refused = await send('POST', '/v1/runs', { as, body: { definition } });
        expect(refused, JSON.stringify(definition)).toMatchObject({ status: 403, body: { code: 'FORBIDDEN', detail: expect.stringContaining(id) } });
      }
      for (const as of ['ann', 'eve', 'root:admin']) expect((await send('POST', '/v1/runs', { as, body: { definition } })).status, as).toBe(201);
    }
    expect((await send('POST', '/v1/runs', { as: 'mallory', body: { definition: { ...asking, id: randomUUID() } } })).status).toBe(201);
    expect((await send('POST', '/v1/workflows', { as: 'mallory', body: inStep(id) })).status).toBe(403);
    const kept = await send('POST', '/v1/workflows', { as: 'mallory', body: inStep('free') });
    expect((await send('PUT', `/v1/workflows/${kept.body.id}`, { as: 'mallory', body: { definition: inStep(id) } })).status).toBe(403);
    const own = await start(asking, { as: 'mallory' });
    await waits(own);
    for (const change of ['/rerun', '/migrate']) expect((await send('POST', at(own, change), { as: 'mallory', body: { definition: inStep(id) } })).status, change).toBe(403);
    // A run stays one of its own workflow, whatever id the new definition has.
    expect((await send('POST', at(own, '/migrate'), { as: 'mallory', body: { definition: { ...asking, id } } })).status).toBe(200);
  });
});

describe('a run', () => {
  it('is there for its owner, for admins, and for who may edit its workflow only, with all its routes', async () => {
    const id = await store(asking, 'ann');
    await platform().store.shares.share({ user: 'ann', isAdmin: false }, id, 'eve', 'edit');
    await platform().store.shares.share({ user: 'ann', isAdmin: false }, id, 'rob', 'run');
    const runId = (await send('POST', `/v1/workflows/${id}/run`, { as: 'rob' })).body.run_id as string;
    await waits(runId);
    for (const as of ['rob', 'ann', 'eve', 'root:admin']) expect((await send('GET', at(runId), { as })).status, as).toBe(200);
    const routes: [string, string, unknown?][] = [
      ['GET', ''], ['GET', '/steps'], ['GET', '/context'], ['GET', '/events'], ['GET', '/reruns'], ['GET', '/checkpoints'], ['GET', '/checkpoints/x'],
      ['POST', '/answer', { step_id: 'ask', value: { go: true } }], ['POST', '/pause'], ['POST', '/resume'], ['POST', '/cancel'], ['POST', '/terminate'],
      ['POST', '/retry'], ['POST', '/skip', { step_id: 'ask' }], ['POST', '/rerun'], ['POST', '/migrate', { definition: asking }], ['POST', '/migrate', { version: 1 }],
    ];
    for (const [method, path, body] of routes) {
      const answer = await send(method, at(runId, path), { as: 'mallory', body });
      expect({ path, status: answer.status, code: answer.body?.code }).toEqual({ path, status: 404, code: 'RUN_NOT_FOUND' });
      const unknown = await send(method, at('no-such-run', path), { as: 'mallory', body });
      expect({ path, ...unknown.body, instance: '' }).toEqual({ path, ...answer.body, detail: answer.body.detail.replace(runId, 'no-such-run'), instance: '' });
    }
    expect((await send('GET', at(runId), { as: 'rob' })).body.status).toBe('paused');
    expect((await send('POST', at(runId, '/pause'), { as: 'rob:runs:read' })).status).toBe(403);
  });

  it('shows its children to who sees it', async () => {
    const child = { id: 'inner', steps: asking.steps };
    const runId = await start({ id: 'outer', steps: [{ id: 'call', kind: { type: 'workflow', definition: child } }] });
    await waits(runId);
    const { child: inner } = (await send('GET', at(runId), { as: 'ann' })).body.steps.call;
    expect(await send('GET', at(inner.run_id), { as: 'ann' })).toMatchObject({ status: 200, body: { parent_run_id: runId } });
    expect((await send('GET', at(inner.run_id), { as: 'bob' })).status).toBe(404);
    const listed = await send('GET', `/v1/runs?parent_run_id=${encodeURIComponent(runId)}`, { as: 'ann' });
    expect(listed.body.items.map((run: { run_id: string }) => run.run_id)).toEqual([inner.run_id]);
    expect((await send('POST', at(inner.run_id, '/answer'), { as: 'ann', body: { step_id: 'ask', value: { go: true } } })).status).toBe(204);
    await waits(runId, 'completed');
  });

  it('shows its steps by pages, its context and its checkpoints', async () => {
    const runId = await start(chain(5), { input: { a: 1 } });
    await waits(runId, 'completed');
    const first = await send('GET', at(runId, '/steps?limit=3'), { as: 'ann' });
    const second = await send('GET', at(runId, `/steps?limit=3&cursor=${first.body.next_cursor}`), { as: 'ann' });
    expect([...first.body.items, ...second.body.items].map((step) => step.id)).toEqual(['s0', 's1', 's2', 's3', 's4']);
    expect(second.body.next_cursor).toBeUndefined();
    expect((await send('GET', at(runId, `/steps?cursor=x${first.body.next_cursor}`), { as: 'ann' })).status).toBe(400);
    expect((await send('GET', at(runId, '/context'), { as: 'ann' })).body).toMatchObject({ a: 1, input: { a: 1 }, steps: { s0: {} } });
    const { items } = (await send('GET', at(runId, '/checkpoints'), { as: 'ann' })).body;
    expect(items).toHaveLength(5);
    const loaded = await send('GET', at(runId, `/checkpoints/${encodeURIComponent(items[1].checkpoint_id)}`), { as: 'ann' });
    expect(Object.keys(loaded.body.state.steps)).toEqual(['s0', 's1']);
    expect(await send('GET', at(runId, '/checkpoints/none'), { as: 'ann' })).toMatchObject({ status: 404, body: { code: 'CHECKPOINT_NOT_FOUND' } });
  });

  it('has a tool asked for the checkpoints that it keeps by a run of the same owner, for who may start runs', async () => {
    const user = `keeper-${randomUUID().slice(0, 8)}`;
    const runId = await start({ ...chain(1), checkpoint: { type: 'external', tool_name: 'keeper' } }, { as: user });
    await waits(runId, 'completed');
    expect(await send('GET', at(runId, '/checkpoints'), { as: `${user}:runs:read` })).toMatchObject({ status: 403, body: { code: 'FORBIDDEN', detail: expect.stringContaining('keeper') } });
    expect((await send('GET', at(runId, '/checkpoints'), { as: 'root:admin' })).body.items).toMatchObject([{ checkpoint_id: 'c1', step_id: 's0' }]);
    await vi.waitFor(async () => expect((await send('GET', '/v1/runs?workflow_id=distri-checkpoints', { as: user })).body.items).toMatchObject([{ owner: user }]), { timeout: 60_000 });
  });

  it('lets a tool stop that keeps checkpoints when who asked has left', async () => {
    const user = `keeper-${randomUUID().slice(0, 8)}`;
    const runId = await start({ ...chain(1), checkpoint: { type: 'external', tool_name: 'hanging_keeper' } }, { as: user });
    await waits(runId, 'completed');
    const left = new AbortController();
    const answer = fetch(platform().url + at(runId, '/checkpoints'), { headers: { authorization: `Bearer ${user}` }, signal: left.signal }).catch(() => undefined);
    const listed = async (status: string) => (await send('GET', `/v1/runs?workflow_id=distri-checkpoints&status=${status}`, { as: user })).body.items;
    await vi.waitFor(async () => expect(await listed('running')).toHaveLength(1), { timeout: 60_000 });
    left.abort();
    await answer;
    await vi.waitFor(async () => expect(await listed('canceled')).toHaveLength(1), { timeout: 60_000 });
  });

  it('is answered; a wrong answer is refused with its problems, one sent again counts once', async () => {
    const runId = await start(asking);
    await waits(runId);
    const wrong = await send('POST', at(runId, '/answer'), { as: 'ann', body: { step_id: 'ask', value: { go: 'yes' } } });
    expect(wrong).toMatchObject({ status: 422, body: { code: 'ANSWER_REFUSED', problems: [{ path: expect.stringContaining('go') }] } });
    const answer = { as: 'ann', body: { step_id: 'ask', value: { go: true } }, headers: { 'idempotency-key': 'once' } };
    expect((await send('POST', at(runId, '/answer'), answer)).status).toBe(204);
    await waits(runId, 'completed');
    expect((await send('POST', at(runId, '/answer'), answer)).status).toBe(204);
    expect(await send('POST', at(runId, '/answer'), { ...answer, headers: {} })).toMatchObject({ status: 409, body: { code: 'STEP_NOT_WAITING' } });
  });

  it('takes a message with a key once', async () => {
    const runId = await start(asking);
    await waits(runId);
    const pause = { as: 'ann', headers: { 'idempotency-key': 'k' } };
    expect((await send('POST', at(runId, '/pause'), pause)).status).toBe(204);
    expect((await send('POST', at(runId, '/resume'), { as: 'ann', headers: { 'idempotency-key': 'k' } })).status).toBe(204);
    // Sent again late: it was taken before.
    expect((await send('POST', at(runId, '/pause'), pause)).status).toBe(204);
    expect((await send('GET', at(runId), { as: 'ann' })).body.paused).toBeUndefined();
    expect((await send('POST', at(runId, '/pause'), { as: 'ann', headers: { 'idempotency-key': 'l' } })).status).toBe(204);
    expect((await send('GET', at(runId), { as: 'ann' })).body.paused).toMatchObject({ by: 'user' });
  });

  it('is retried and skipped when it holds, canceled and terminated', async () => {
    const runId = await start(holding);
    await waits(runId);
    expect(await send('POST', at(runId, '/retry'), { as: 'ann' })).toMatchObject({ status: 200, body: { retried: ['fail'] } });
    await vi.waitFor(async () => expect((await send('GET', at(runId), { as: 'ann' })).body.steps.fail).toMatchObject({ held: true }), { timeout: 60_000 });
    expect((await send('POST', at(runId, '/retry'), { as: 'ann', body: { step_id: 'other' } })).body.code).toBe('STEP_NOT_HELD');
    expect((await send('POST', at(runId, '/skip'), { as: 'ann', body: { step_id: 'fail', result: null } })).status).toBe(204);
    await waits(runId, 'completed');
    expect(await send('POST', at(runId, '/pause'), { as: 'ann' })).toMatchObject({ status: 409, body: { code: 'RUN_ENDED' } });
    const canceled = await start(asking);
    expect((await send('POST', at(canceled, '/cancel'), { as: 'ann', body: { reason: 'enough' } })).status).toBe(202);
    await waits(canceled, 'canceled');
    expect((await send('GET', at(canceled), { as: 'ann' })).body.error).toContain('enough');
    const terminated = await start(asking);
    expect((await send('POST', at(terminated, '/terminate'), { as: 'ann' })).status).toBe(204);
    await waits(terminated, 'failed');
  });

  it('is run again, after a preview', async () => {
    const runId = await start(chain(3));
    await waits(runId, 'completed');
    expect((await send('POST', at(runId, '/rerun'), { as: 'ann' })).body.code).toBe('NOTHING_TO_RERUN');
    for (const preview of [{ path: '/rerun?preview=true', body: { from: ['s1'] } }, { path: '/rerun', body: { from: ['s1'], dry_run: true } }]) {
      expect(await send('POST', at(runId, preview.path), { as: 'ann', body: preview.body })).toMatchObject({ status: 200, body: { plan: { keep: ['s0'], run: ['s1', 's2'] } } });
    }
    const keyed = { as: 'ann', body: { from: ['s1'] }, headers: { 'idempotency-key': `rerun-${runId}` } };
    const again = await send('POST', at(runId, '/rerun'), keyed);
    expect(again).toMatchObject({ status: 201, body: { workflow_id: 'chain' } });
    expect(await send('POST', at(runId, '/rerun'), keyed)).toMatchObject({ status: 200, body: { run_id: again.body.run_id } });
    await waits(again.body.run_id, 'completed');
    expect((await send('GET', at(again.body.run_id), { as: 'ann' })).body).toMatchObject({ rerun_of: { run_id: runId }, steps: { s0: { kept: true } } });
    await vi.waitFor(async () => {
      const { items } = (await send('GET', at(runId, '/reruns'), { as: 'ann' })).body;
      expect(items.map((run: { run_id: string }) => run.run_id)).toEqual([again.body.run_id]);
      expect(items[0].request_hash).toBeUndefined();
    }, { timeout: 60_000 });
  });

  it('tells its reruns by pages, and reads a bounded part of the runs of the workflow for each', async () => {
    const document = { ...chain(1), id: `often-${randomUUID()}` };
    const runId = await start(document);
    await waits(runId, 'completed');
    const again = (await send('POST', at(runId, '/rerun'), { as: 'ann', body: { from: ['s0'] } })).body.run_id;
    for (let n = 0; n < 11; n += 1) await start(document);
    // Temporal lists what it takes for running first.
    await expect.poll(async () => (await send('GET', `/v1/runs?workflow_id=${document.id}&status=completed`, { as: 'ann' })).body.items.length, { timeout: 60_000 }).toBe(13);
    const pages: Answer[] = [];
    for (let cursor = ''; pages.at(-1)?.body.next_cursor !== undefined || pages.length === 0; cursor = `&cursor=${pages.at(-1)?.body.next_cursor}`) {
      pages.push(await send('GET', at(runId, `/reruns?limit=1${cursor}`), { as: 'ann' }));
    }
    expect(pages[0]?.body).toEqual({ items: [], next_cursor: expect.any(String) });
    expect(pages.flatMap(({ body }) => body.items.map((run: { run_id: string }) => run.run_id))).toEqual([again]);
    expect((await send('GET', at(runId, `/reruns?limit=1&cursor=${pages[0]?.body.next_cursor}`), { as: 'root:admin' })).status).toBe(400);
  });

  it('reads no reruns for who has left', async () => {
    const runId = await start(chain(1));
    const left = new AbortController();
    const looks = vi.spyOn(platform().client, 'listRunsPage').mockImplementation(async () => {
      left.abort();
      await sleep(50);
      return { runs: [], next: 'more' };
    });
    await expect(fetch(platform().url + at(runId, '/reruns'), { headers: { authorization: 'Bearer ann' }, signal: left.signal })).rejects.toThrow();
    await sleep(1_000);
    expect(looks).toHaveBeenCalled();
    expect(looks.mock.calls.length).toBeLessThan(5);
    looks.mockRestore();
  });

  it('is moved to another version of its workflow, after a preview', async () => {
    const id = await store(asking);
    const runId = (await send('POST', `/v1/workflows/${id}/run`, { as: 'ann' })).body.run_id as string;
    await waits(runId);
    const longer = { ...asking, steps: [...asking.steps, { id: 'more', kind: { type: 'checkpoint', message: 'more' }, depends_on: ['say'] }] };
    await platform().store.workflows.update({ user: 'ann', isAdmin: false }, id, { content: readContent(JSON.stringify(longer), 1e6) });
    const preview = await send('POST', at(runId, '/migrate?preview=true'), { as: 'ann', body: { version: 2 } });
    expect(preview).toMatchObject({ status: 200, body: { applied: false, plan: { verdict: 'compatible' } } });
    expect(await send('POST', at(runId, '/migrate'), { as: 'ann', body: { version: 2 } })).toMatchObject({ status: 200, body: { applied: true } });
    expect((await send('GET', at(runId), { as: 'ann' })).body).toMatchObject({ version: 2, steps: { more: { status: 'pending' } } });
    expect((await send('POST', at(runId, '/migrate'), { as: 'ann', body: {} })).status).toBe(400);
  });
});

describe('the list of runs', () => {
  it('has the runs of who asks only, by filters and pages', async () => {
    const user = `lister-${randomUUID().slice(0, 8)}`;
    const ids: string[] = [];
    for (let n = 0; n < 3; n += 1) ids.push(await start(asking, { as: user }));
    const done = await start(chain(1), { as: user });
    await waits(done, 'completed');
    const list = async (query: string, as = user) => (await send('GET', `/v1/runs?${query}`, { as })).body;
    const idsOf = (body: { items: { run_id: string }[] }) => body.items.map((run) => run.run_id);
    await vi.waitFor(async () => expect(idsOf(await list('status=paused'))).toEqual([...ids].reverse()), { timeout: 60_000 });
    expect(new Set(idsOf(await list('')))).toEqual(new Set([...ids, done]));
    expect(idsOf(await list('workflow_id=chain'))).toEqual([done]);
    expect(idsOf(await list('open=true'))).toHaveLength(3);
    expect(idsOf(await list(`owner=${user}`, 'somebody-else'))).toEqual([]);
    expect(idsOf(await list(`owner=${user}`, 'root:admin'))).toHaveLength(4);
    expect(idsOf(await list(`started_before=${new Date(0).toISOString()}`))).toEqual([]);
    const first = await list('limit=3');
    const second = await list(`limit=3&cursor=${first.next_cursor}`);
    expect(new Set([...idsOf(first), ...idsOf(second)])).toEqual(new Set([...ids, done]));
    expect(first.items[0]).toMatchObject({ owner: user, workflow_id: expect.any(String), started_at: expect.any(String) });
  });

  it('refuses what it does not understand, and cursors of others', async () => {
    for (const query of ['status=odd', 'limit=0', 'limit=1001', 'started_after=yesterday', 'nonsense=1', 'cursor=abc', 'archived=true&missing_skill=a:b']) {
      expect((await send('GET', `/v1/runs?${query}`)).status, query).toBe(400);
    }
    await start(asking);
    await start(asking);
    const { body } = await vi.waitFor(async () => {
      const page = await send('GET', '/v1/runs?limit=1', { as: 'ann' });
      expect(page.body.next_cursor).toBeDefined();
      return page;
    });
    expect((await send('GET', `/v1/runs?limit=1&cursor=${body.next_cursor}`, { as: 'bob' })).status).toBe(400);
    expect((await send('GET', `/v1/runs?limit=1&cursor=${body.next_cursor}`, { as: 'ann' })).status).toBe(200);
  });
});

describe('a run started over HTTP', () => {
  it('is the same as one by the SDK', async () => {
    const input = { a: [1, { b: null }] };
    const env = { X: 'y' };
    const overHttp = await start(asking, { input, env });
    const bySdk = (await platform().client.start(asking, { input, env, owner: 'ann' })).id;
    const begin = async (workflowId: string) => {
      const { history } = await platform().client.temporal.workflowService.getWorkflowExecutionHistory({ namespace: 'default', execution: { workflowId }, maximumPageSize: 1 });
      const started = JSON.parse(JSON.stringify(history?.events?.[0]?.workflowExecutionStartedEventAttributes));
      for (const own of ['originalExecutionRunId', 'firstExecutionRunId', 'workflowId', 'identity']) delete started[own];
      return started;
    };
    const started = await begin(overHttp);
    expect(started.input.payloads).toHaveLength(1);
    expect(started).toEqual(await begin(bySdk));
  });
});

describe('the kinds of steps', () => {
  it('are told with the schemas of their fields', async () => {
    const { body } = await send('GET', '/v1/step-kinds', { as: 'ann' });
    const script = body.step_kinds.find((kind: { type: string }) => kind.type === 'script');
    expect(script).toMatchObject({ title: 'Script', runs: 'activity', skill: 'native:shell', schema: { properties: { command: { type: 'string', title: 'Command' } }, required: ['type', 'command'] } });
    expect(body.step_kinds).toHaveLength(10);
  });
});

describe('metrics', () => {
  it('are for who has their scope, and count by route and status', async () => {
    expect((await send('GET', '/metrics', { as: 'ann' })).status).toBe(403);
    await start(chain(1));
    const { text } = await send('GET', '/metrics', { as: 'prometheus:metrics' });
    expect(text).toMatch(/distri_http_requests_total\{method="POST",route="\/v1\/runs",status="201"\} [1-9]/);
    expect(text).toMatch(/distri_runs_started_total [1-9]/);
    expect(text).toContain('process_cpu_seconds_total');
  });

  it('tell how many runs are blocked for want of a skill, so that its first worker can be started', async () => {
    await start({ id: 'unserved', steps: [{ id: 'a', kind: { type: 'checkpoint', message: 'm' }, requires: [{ skill: 'metered:skill' }] }] });
    const counted = async (): Promise<string> => (await send('GET', '/metrics', { as: 'prometheus:metrics' })).text;
    await expect.poll(counted, { timeout: 60_000, interval: 1_000 }).toContain('distri_blocked_runs{skill="metered:skill"} 1');
  });
});
