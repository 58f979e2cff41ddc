import { describe, expect, it, vi } from 'vitest';
import type { JsonObject } from '../../src/definition/json.js';
import { sweepTriggers } from '../../src/server/triggers/reconcile.js';
import { scheduleId } from '../../src/server/triggers/schedule.js';
import { sharedPlatform } from './stage.js';
import { depsOf, echo, remove, save, update, waiting } from './triggers.js';

const platform = sharedPlatform({ worker: {} });

const at9 = (more: JsonObject = {}): JsonObject => ({ type: 'schedule', cron: '0 9 * * *', ...more });

async function viewOf(workflowId: string, as = 'ann') {
  const { status, body } = await platform().send('GET', `/v1/workflows/${workflowId}/triggers`, { as });
  expect(status).toBe(200);
  return body.items;
}

function operate(triggerId: string, verb: string, body?: unknown, as = 'ann') {
  return platform().send('POST', `/v1/triggers/${triggerId}/${verb}`, { as, ...(body === undefined ? {} : { body }) });
}

describe('a schedule', () => {
  it('is listed with its next times in its time zone', async () => {
    const id = await save(platform(), echo([{ type: 'manual' }, at9({ timezone: 'asia/tokyo' })]));
    const [view] = await viewOf(id);
    expect(view).toMatchObject({ type: 'schedule', entry_point: 'main', paused: false, last_runs: [], config: { cron: '0 9 * * *' } });
    expect(view.problem).toBeUndefined();
    expect(view.next_runs).toHaveLength(5);
    for (const time of view.next_runs) expect(time).toMatch(/T00:00:00.000Z$/);
  });

  it('with both sorts of days runs on either, as crontab does', async () => {
    const id = await save(platform(), echo([{ type: 'schedule', cron: '0 12 1 * MON' }]));
    const [view] = await viewOf(id);
    const days = (view.next_runs as string[]).map((time) => new Date(time));
    expect(days.filter((day) => day.getUTCDay() === 1).length).toBeGreaterThanOrEqual(3);
    expect(days.every((day) => day.getUTCDay() === 1 || day.getUTCDate() === 1)).toBe(true);
  });

  it('starts runs that are as those of the SDK', async () => {
    const id = await save(platform(), echo([at9({ input: { n: 1 } })], { name: 'Nightly', input_schema: { type: 'object', required: ['n'] } }));
    const [view] = await viewOf(id);
    const { status, body } = await operate(view.id, 'run');
    expect(status).toBe(202);
    expect(body.run_id).toMatch(new RegExp(`^${id}-scheduled-20`));
    const run = platform().client.getRun(body.run_id);
    expect((await run.result()).output).toEqual({ n: 1 });
    const workflow = (await platform().store.triggers.workflow(id))!;
    const twin = await platform().client.start({ id, ...JSON.parse(workflow.document), version: 1 }, { input: { n: 1 }, entryPoint: 'main', owner: 'ann', trigger: { id: view.id, type: 'schedule' } });
    await twin.result();
    const [ofSchedule, ofSdk] = await Promise.all([run, twin].map(startOf));
    expect(ofSchedule).toEqual(ofSdk);
    expect(await run.describe()).toMatchObject({ owner: 'ann', workflow_id: id, version: 1, name: 'Nightly', trigger: { id: view.id, type: 'schedule' } });
    expect((await viewOf(id))[0].last_runs).toMatchObject([{ run_id: body.run_id }]);
  });

  it('starts by itself', async () => {
    const id = await save(platform(), echo([{ type: 'schedule', cron: '* * * * *' }]));
    await vi.waitFor(async () => expect((await viewOf(id))[0].last_runs.length).toBeGreaterThan(0), { timeout: 90_000, interval: 1_000 });
    await remove(platform(), id);
  });

  it('is paused and resumed, and stays paused when another version is saved', async () => {
    const id = await save(platform(), echo([at9()]));
    const [{ id: triggerId }] = await viewOf(id);
    expect((await operate(triggerId, 'pause')).status).toBe(200);
    expect((await viewOf(id))[0]).toMatchObject({ paused: true, note: 'Paused by ann' });
    await update(platform(), id, echo([at9({ cron: '0 10 * * *' })]));
    expect((await viewOf(id))[0]).toMatchObject({ id: triggerId, paused: true, config: { cron: '0 10 * * *' } });
    expect((await viewOf(id))[0].next_runs[0]).toMatch(/T10:00/);
    expect((await operate(triggerId, 'resume')).status).toBe(200);
    expect((await viewOf(id))[0]).toMatchObject({ paused: false });
    await update(platform(), id, echo([at9({ enabled: false })]));
    expect((await viewOf(id))[0].paused).toBe(true);
    await update(platform(), id, echo([at9()]));
    expect((await viewOf(id))[0].paused).toBe(false);
    const { items } = await platform().store.audit.list({ target: `workflow:${id}`, limit: 10 });
    expect(items.map(({ actor, action }) => `${actor} ${action}`)).toEqual(expect.arrayContaining(['ann trigger.pause', 'ann trigger.resume']));
  });

  it('starts the version that was saved last', async () => {
    const id = await save(platform(), echo([at9({ input: { n: 1 } })]));
    await update(platform(), id, echo([at9({ input: { n: 2 } })], { output: { doubled: '{input.n}{input.n}' } }));
    const [view] = await viewOf(id);
    const { body } = await operate(view.id, 'run');
    const run = platform().client.getRun(body.run_id);
    expect((await run.result()).output).toEqual({ doubled: '22' });
    expect(await run.describe()).toMatchObject({ version: 2 });
  });

  it('starts the newest version also when something beside the document was changed', async () => {
    const id = await save(platform(), echo([at9({ input: { n: 1 } })]));
    expect((await platform().send('PATCH', `/v1/workflows/${id}`, { as: 'ann', body: { name: 'Renamed' } })).status).toBe(200);
    const [view] = await viewOf(id);
    expect(view.problem).toBeUndefined();
    const run = platform().client.getRun((await operate(view.id, 'run')).body.run_id);
    expect((await run.result()).output).toEqual({ n: 1 });
    expect(await run.describe()).toMatchObject({ version: 2 });
  });

  it('is gone when the workflow is deleted or has it no more', async () => {
    const id = await save(platform(), echo([at9(), at9({ cron: '@weekly' })]));
    const views = await viewOf(id);
    await update(platform(), id, echo([at9()]));
    expect(await viewOf(id)).toHaveLength(1);
    expect(await platform().client.schedules.describe(scheduleId(views[1].id))).toBeUndefined();
    expect((await operate(views[1].id, 'run')).status).toBe(404);
    await remove(platform(), id);
    expect(await platform().client.schedules.describe(scheduleId(views[0].id))).toBeUndefined();
  });

  it('starts the runs of a stretch of time afterwards, one after the other', async () => {
    const id = await save(platform(), echo([at9()]));
    const [{ id: triggerId }] = await viewOf(id);
    expect(await operate(triggerId, 'backfill', { from: '2026-01-01T09:00:00Z', to: '2026-01-03T10:00:00+01:00' })).toMatchObject({ status: 202 });
    await vi.waitFor(async () => expect((await viewOf(id))[0].last_runs).toHaveLength(3), { timeout: 60_000 });
    const times = (await viewOf(id))[0].last_runs.map((run: { scheduled_at: string }) => run.scheduled_at);
    expect(times).toEqual(['2026-01-03T09:00:00.000Z', '2026-01-02T09:00:00.000Z', '2026-01-01T09:00:00.000Z']);
    for (const body of [{ from: '2026-01-02T00:00:00Z', to: '2026-01-01T00:00:00Z' }, { from: 'yesterday', to: 'today' }, {}]) {
      expect(await operate(triggerId, 'backfill', body)).toMatchObject({ status: 400, body: { code: 'BAD_REQUEST' } });
    }
  });

  it('heeds its overlap policy', async () => {
    const doc = (overlap?: string): JsonObject => waiting([at9(overlap === undefined ? {} : { overlap })]);
    const id = await save(platform(), doc());
    const [{ id: triggerId }] = await viewOf(id);
    await operate(triggerId, 'backfill', { from: '2026-01-01T00:00:00Z', to: '2026-01-03T00:00:00Z', overlap: 'skip' });
    await vi.waitFor(async () => expect((await viewOf(id))[0].last_runs).toHaveLength(1), { timeout: 60_000 });
    await operate(triggerId, 'backfill', { from: '2026-02-01T00:00:00Z', to: '2026-02-03T00:00:00Z', overlap: 'allow_all' });
    await vi.waitFor(async () => expect((await viewOf(id))[0].last_runs).toHaveLength(3), { timeout: 60_000 });
    await update(platform(), id, doc('cancel_other'));
    const { policies } = await platform().client.temporal.schedule.getHandle(scheduleId(triggerId)).describe();
    expect(policies).toMatchObject({ overlap: 'CANCEL_OTHER', catchupWindow: 3_600_000 });
    for (const { run_id } of (await viewOf(id))[0].last_runs) await platform().client.getRun(run_id).cancel();
    await remove(platform(), id);
  });

  it('comes back with the version that is restored', async () => {
    const id = await save(platform(), echo([at9()]));
    await update(platform(), id, echo([]));
    expect(await viewOf(id)).toEqual([]);
    expect((await platform().send('POST', `/v1/workflows/${id}/restore`, { as: 'ann', body: { version: 1 } })).status).toBe(200);
    const [view] = await viewOf(id);
    expect(view.problem).toBeUndefined();
    expect(view.next_runs).toHaveLength(5);
  });

  it('of a clone begins when the clone is saved', async () => {
    const id = await save(platform(), echo([at9()]));
    const { body: clone } = await platform().send('POST', `/v1/workflows/${id}/clone`, { as: 'ann' });
    await sweepTriggers(depsOf(platform()));
    const [before] = await viewOf(clone.id);
    expect(before).toMatchObject({ problem: expect.stringContaining('until it is saved') });
    expect(await platform().client.schedules.describe(scheduleId(before.id))).toBeUndefined();
    expect((await platform().send('PATCH', `/v1/workflows/${clone.id}`, { as: 'ann', body: { name: 'Mine' } })).body.version).toBe(2);
    await sweepTriggers(depsOf(platform()));
    expect((await viewOf(clone.id))[0]).toMatchObject({ problem: expect.stringContaining('until it is saved') });
    expect(await platform().client.schedules.describe(scheduleId(before.id))).toBeUndefined();
    await update(platform(), clone.id, echo([at9()]));
    const [after] = await viewOf(clone.id);
    expect(after.problem).toBeUndefined();
    expect(after.next_runs).toHaveLength(5);
  });

  it('that cannot be leaves the workflow as it was', async () => {
    const id = await save(platform(), echo([at9()]));
    await expect(update(platform(), id, echo([at9({ cron: 'never' })]))).rejects.toMatchObject({ status: 400, code: 'BAD_TRIGGER' });
    expect((await platform().send('GET', `/v1/workflows/${id}`, { as: 'ann' })).body.version).toBe(1);
    expect((await viewOf(id))[0]).toMatchObject({ config: { cron: '0 9 * * *' } });
  });

  it('is operated by who may edit the workflow', async () => {
    const id = await save(platform(), echo([at9(), { type: 'event', topic: 't' }]));
    const [schedule, event] = await viewOf(id);
    for (const verb of ['pause', 'resume', 'run']) {
      expect(await operate(schedule.id, verb, undefined, 'bob')).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
      expect((await operate(schedule.id, verb, undefined, 'ann:workflows:read')).status).toBe(403);
      expect(await operate(event.id, verb)).toMatchObject({ status: 400, body: { code: 'BAD_TRIGGER' } });
    }
    await platform().store.workflows.update({ user: 'ann', isAdmin: false }, id, { isPublic: true });
    expect((await operate(schedule.id, 'run', undefined, 'bob')).status).toBe(403);
    expect((await viewOf(id, 'bob'))[0].last_runs).toBeUndefined();
    for (const wrong of ['nothing', '%00', '018f0000-0000-7000-8000-000000000000']) expect((await operate(wrong, 'pause')).status).toBe(404);
  });
});

describe('what cannot be a schedule', () => {
  it.each([
    [{ cron: '* * * *' }, 'cron'],
    [{ cron: '0 0 31 2 *' }, 'cron'],
    [{ cron: '@daily', timezone: 'Mars/Base' }, 'timezone'],
    [{ cron: '@daily', input: [1] }, 'input'],
    [{ cron: '@daily', input: { n: 'one' } }, 'input'],
  ])('is refused: %j', async (trigger, field) => {
    const document = echo([{ type: 'schedule', ...trigger }], { input_schema: { type: 'object', properties: { n: { type: 'number' } } } });
    await expect(save(platform(), document)).rejects.toMatchObject({ code: 'BAD_TRIGGER', problems: [{ code: 'BAD_TRIGGER', path: `$.entry_points[0].triggers[0].${field}` }] });
  });

  it('is refused when the document and its input are too large for Temporal', async () => {
    const document = echo([at9({ input: { text: 'x'.repeat(1_000_000) } })]);
    await expect(save(platform(), document)).rejects.toMatchObject({ problems: [{ path: '$.entry_points[0].triggers[0].input', message: expect.stringContaining('1992294') }] });
  });
});

/** What the start of a run says in its history, without what differs from run to run. */
async function startOf({ id }: { id: string }): Promise<unknown> {
  const { client } = platform();
  const { history } = await client.temporal.workflowService.getWorkflowExecutionHistory({ namespace: client.namespace, execution: { workflowId: id }, maximumPageSize: 1 });
  const event = history?.events?.[0];
  const { workflowType, taskQueue, input, memo, priority, workflowExecutionTimeout, searchAttributes } = event?.workflowExecutionStartedEventAttributes ?? {};
  const fields = Object.entries(searchAttributes?.indexedFields ?? {}).filter(([name]) => name.startsWith('Distri'));
  return JSON.parse(JSON.stringify({ workflowType, taskQueue, input, memo, priority, workflowExecutionTimeout, userMetadata: event?.userMetadata, fields: fields.sort() }));
}
