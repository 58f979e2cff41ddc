import { describe, expect, it, vi } from 'vitest';
import type { JsonObject } from '../../src/definition/json.js';
import { scheduleId } from '../../src/server/triggers/schedule.js';
import { sweepTriggers } from '../../src/server/triggers/reconcile.js';
import { readContent } from '../../src/store/workflows.js';
import { sharedPostgres } from '../support/postgres.js';
import { openPlatform, sharedPlatform, type Platform } from './stage.js';
import { depsOf, echo, remove, save, update } from './triggers.js';

const postgres = sharedPostgres();
const platform = sharedPlatform();

const daily = [{ type: 'schedule', cron: '@daily' }];

async function triggersOf(platform: Platform, workflowId: string) {
  return (await platform.send('GET', `/v1/workflows/${workflowId}/triggers`, { as: 'ann' })).body.items;
}

/** All schedules that the Temporal server lists. */
async function listed(): Promise<string[]> {
  const ids: string[] = [];
  for await (const each of platform().client.temporal.schedule.list()) ids.push(each.scheduleId);
  return ids;
}

/** The platform while its Temporal server does not take schedules. */
async function withoutSchedules<T>({ client }: Platform, work: () => Promise<T>): Promise<T> {
  const refusals = (['put', 'delete'] as const).map((name) => vi.spyOn(client.schedules, name).mockRejectedValue(new Error('no server')));
  try {
    return await work();
  } finally {
    for (const refusal of refusals) refusal.mockRestore();
  }
}

describe('after an outage of Temporal', () => {
  it('schedules that were saved meanwhile are made, changed and removed', async () => {
    const changed = await save(platform(), echo(daily));
    const removed = await save(platform(), echo(daily));
    const [[before], [orphan]] = await Promise.all([changed, removed].map((id) => triggersOf(platform(), id)));
    const made = await withoutSchedules(platform(), async () => {
      await update(platform(), changed, echo([{ type: 'schedule', cron: '0 5 * * *' }]));
      await remove(platform(), removed);
      return save(platform(), echo(daily));
    });
    expect((await triggersOf(platform(), made))[0]).toMatchObject({ problem: expect.stringContaining('not set up') });
    expect((await triggersOf(platform(), changed))[0]).toMatchObject({ problem: expect.stringContaining('version 2'), next_runs: before.next_runs });
    // A list of schedules lags behind.
    await expect.poll(async () => {
      await sweepTriggers(depsOf(platform()));
      return platform().client.schedules.describe(scheduleId(orphan.id));
    }, { timeout: 60_000 }).toBeUndefined();
    for (const id of [made, changed]) expect((await triggersOf(platform(), id))[0].problem).toBeUndefined();
    expect((await triggersOf(platform(), changed))[0].next_runs[0]).toMatch(/T05:00/);
  });

  it('a schedule that was deleted or changed beside us is put right, and a pause by hand is not undone', async () => {
    const ids = [await save(platform(), echo(daily)), await save(platform(), echo(daily)), await save(platform(), echo(daily))];
    const [[gone], [altered], [paused]] = (await Promise.all(ids.map((id) => triggersOf(platform(), id)))) as [{ id: string }[], { id: string }[], { id: string }[]];
    const { schedule } = platform().client.temporal;
    await schedule.getHandle(scheduleId(gone!.id)).delete();
    await schedule.getHandle(scheduleId(altered!.id)).update((it) => ({ ...it, spec: { cronExpressions: ['0 7 * * *'] } }));
    await schedule.getHandle(scheduleId(paused!.id)).pause('maintenance');
    await expect.poll(async () => {
      await sweepTriggers(depsOf(platform()));
      return Promise.all(ids.map(async (id) => (await triggersOf(platform(), id))[0].problem));
    }, { timeout: 60_000 }).toEqual([undefined, undefined, undefined]);
    expect((await triggersOf(platform(), ids[2]!))[0]).toMatchObject({ paused: true, note: 'maintenance' });
  });

  it('leaves the schedules of others alone', async () => {
    const other = await openPlatform();
    const id = await save(other, echo(daily));
    const [{ id: triggerId }] = await triggersOf(other, id);
    await expect.poll(() => listed(), { timeout: 60_000 }).toContain(scheduleId(triggerId));
    await sweepTriggers(depsOf(platform()));
    expect((await triggersOf(other, id))[0]).toMatchObject({ paused: false });
    await other.close();
  });
});

describe('a schedule that the Temporal server refuses', () => {
  it('is told as one that cannot be set up, and keeps no other from its place', async () => {
    const { schedules } = platform().client;
    const put = schedules.put.bind(schedules);
    const outcomes: unknown[] = [];
    const altered = vi.spyOn(schedules, 'put').mockImplementationOnce(async (id, settings) => {
      const outcome = put(id, { ...settings, cron: ['nonsense'] });
      outcomes.push(await outcome.catch((error: unknown) => error));
      return outcome;
    });
    const id = await save(platform(), echo([...daily, { type: 'schedule', cron: '0 5 * * *' }]));
    altered.mockRestore();
    expect(outcomes).toMatchObject([{ code: 'BAD_TRIGGER', message: expect.stringContaining('refuses') }]);
    const [refused, other] = await triggersOf(platform(), id);
    expect(refused.problem).toContain('not set up');
    expect(other.problem).toBeUndefined();
    expect(other.next_runs[0]).toMatch(/T05:00/);
  });
});

describe('after a crash between a save and its triggers', () => {
  it('each trigger says so, until they are set up', async () => {
    const { store } = platform();
    const contentOf = (...triggers: JsonObject[]) => readContent(JSON.stringify(echo([...daily, ...triggers])), 1_000_000);
    const hook = { type: 'webhook', path: 'unsaved/hook', auth: { type: 'none' } };
    const { record } = await store.workflows.create('ann', { content: contentOf(hook, { type: 'event', topic: 'unsaved' }) });
    const problems = async (): Promise<unknown[]> => (await triggersOf(platform(), record.id)).map(({ problem }: { problem?: string }) => problem);
    expect(await problems()).toEqual(Array.from({ length: 3 }, () => expect.stringContaining('not set up yet')));
    await sweepTriggers(depsOf(platform()));
    expect(await problems()).toEqual([undefined, undefined, undefined]);
    await store.workflows.update({ user: 'ann', isAdmin: false }, record.id, { content: contentOf({ ...hook, path: 'unsaved/other' }, { type: 'event', topic: 'other' }) });
    expect(await problems()).toEqual(Array.from({ length: 3 }, () => expect.stringContaining('before version 2')));
    await sweepTriggers(depsOf(platform()));
    expect(await problems()).toEqual([undefined, undefined, undefined]);
  });

  it('the next server sets them up when it starts', async () => {
    const url = await postgres().create('crashed');
    const before = await openPlatform({ database: { url } });
    const content = readContent(JSON.stringify(echo([...daily, { type: 'webhook', path: 'crashed/hook', auth: { type: 'none' } }])), 1_000_000);
    const { record } = await before.store.workflows.create('ann', { content });
    await before.close();
    const after = await openPlatform({ database: { url } });
    await expect.poll(() => after.send('POST', '/v1/workflows/webhook/crashed/hook', { as: null, body: {} }), { timeout: 60_000 }).toMatchObject({ status: 202 });
    await expect.poll(async () => (await triggersOf(after, record.id))[0].problem, { timeout: 60_000 }).toBeUndefined();
    await after.close();
  });
});

describe('saves at the same time, by several servers', () => {
  it('leave the triggers of the newest version', async () => {
    const url = await postgres().create('raced');
    const servers = await Promise.all([1, 2].map(() => openPlatform({ database: { url } })));
    const [one, two] = servers as [Platform, Platform];
    const id = await save(one, echo(daily));
    await Promise.all(Array.from({ length: 12 }, (_, n) => update(n % 2 === 0 ? one : two, id, echo([{ type: 'schedule', cron: `${n} 5 * * *` }]))));
    const [view] = await triggersOf(one, id);
    const schedule = await one.client.temporal.schedule.getHandle(scheduleId(view.id)).describe();
    expect(schedule.action.args?.[0]).toMatchObject({ definition: { version: 13 } });
    for (const each of servers) await each.close();
  });

  it('give a path to one of two workflows, and tell the other', async () => {
    const url = await postgres().create('contended');
    const servers = await Promise.all([1, 2].map(() => openPlatform({ database: { url } })));
    const [one, two] = servers as [Platform, Platform];
    const hook = echo([{ type: 'webhook', path: 'contended', auth: { type: 'none' } }]);
    const saved = await Promise.allSettled([save(one, hook), save(two, hook)]);
    const ids = saved.flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
    expect(ids.length).toBeGreaterThan(0);
    const problems = await Promise.all(ids.map(async (id) => (await triggersOf(one, id))[0].problem));
    expect(problems.filter((problem) => problem === undefined)).toHaveLength(1);
    for (const each of servers) await each.close();
  });
});
