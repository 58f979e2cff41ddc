import { pino } from 'pino';
import { sql } from 'drizzle-orm';
import { describe, expect, it, vi } from 'vitest';
import type { DistriClient, RunSnapshot } from '../../src/client/index.js';
import { Recorder } from '../../src/server/recorder.js';
import { openStore, type Store } from '../../src/store/index.js';
import { sharedPostgres } from '../support/postgres.js';
import { sharedPlatform } from './stage.js';

const postgres = sharedPostgres();

const DAY_MS = 24 * 3_600_000;
const daysAgo = (days: number): Date => new Date(Date.now() - days * DAY_MS);

/** Keeps a run of this user that took no time. */
async function keep({ endedRuns }: Store, runId: string, owner: string, at: Date): Promise<void> {
  const snapshot: RunSnapshot = {
    run_id: runId,
    workflow_id: 'kept',
    definition_hash: 'x',
    status: 'completed',
    steps: {},
    context: {},
    warnings: [],
    started_at: at.toISOString(),
    completed_at: at.toISOString(),
  };
  await endedRuns.put({ owner, endedAt: at.toISOString(), snapshot, events: undefined });
}

describe('pages of archived runs', () => {
  const platform = sharedPlatform();

  it('hold each run once, whatever is in its id', async () => {
    const at = new Date('2026-01-01T00:00:00Z');
    const ids = ['order 1', 'order 1 again', 'order 2', 'order', '2026-01-01T00:00:00.000Z x y', ' ', '"quoted", [1]', 'ü😀'];
    for (const id of ids) await keep(platform().store, id, 'ann', at);
    await keep(platform().store, 'older', 'ann', daysAgo(1_000));
    const seen: string[] = [];
    for (let cursor = ''; ; ) {
      const { status, body } = await platform().send('GET', `/v1/runs?archived=true&limit=1${cursor}`, { as: 'ann' });
      expect(status).toBe(200);
      seen.push(...body.items.map(({ run_id }: { run_id: string }) => run_id));
      if (body.next_cursor === undefined || seen.length > ids.length + 1) break;
      cursor = `&cursor=${body.next_cursor}`;
    }
    expect([...seen].sort()).toEqual([...ids, 'older'].sort());
    expect(seen.at(-1)).toBe('older');
  });
});

describe.each(['pglite', 'postgres'] as const)('retention on %s', (kind) => {
  it('removes what was over before, a batch after the other, and nothing else', async () => {
    const store = await openStore({ ...(kind === 'pglite' ? { folder: undefined } : { url: await postgres().create('retention') }), migrate: true });
    await store.database.db.execute(sql`
      insert into ended_runs (run_id, workflow_id, status, snapshot, events, started_at, completed_at)
      select 'old-' || n, 'kept', 'completed', '{}', 'null', now() - interval '400 days', now() - interval '31 days' - n * interval '1 second' from generate_series(1, 1200) n`);
    await keep(store, 'new', 'ann', daysAgo(29));
    await store.database.db.execute(sql`insert into audit_log (at, actor, action, target) values (now() - interval '31 days', 'ann', 'old', 'x'), (now() - interval '29 days', 'ann', 'new', 'x')`);
    const token = async (name: string, change: ReturnType<typeof sql>): Promise<void> => {
      const { token } = await store.tokens.create({ userId: 'ann', name, scopes: [] });
      await store.database.db.execute(sql`update api_tokens set ${change} where id = ${token.id}`);
    };
    await token('good', sql`created_at = now() - interval '900 days'`);
    await token('expired', sql`expires_at = now() - interval '31 days'`);
    await token('revoked', sql`revoked_at = now() - interval '31 days'`);
    await token('expired lately', sql`expires_at = now() - interval '29 days'`);
    const left = async () => {
      const { rows } = (await store.database.db.execute(sql`
        select (select array_agg(name order by name) from api_tokens) as tokens, (select array_agg(action) from audit_log where target = 'x') as actions, (select count(*)::int from ended_runs) as runs`)) as { rows: object[] };
      return rows[0];
    };
    const client = { listRunsPage: async () => ({ runs: [] }) } as unknown as DistriClient;
    const forgetBefore = vi.fn((time: Date) => store.forgetBefore(time));
    const recorder = new Recorder({ client, store: store.endedRuns, logger: pino({ level: 'silent' }), everyMs: 10, retention: { days: 30, forgetBefore } });
    recorder.start();
    await vi.waitFor(async () => expect(await left()).toEqual({ tokens: ['expired lately', 'good'], actions: ['new'], runs: 1 }), { timeout: 60_000 });
    await recorder.close();
    expect(forgetBefore.mock.calls.length).toBeGreaterThanOrEqual(3);
    expect(await store.endedRuns.get('new')).toBeDefined();
    await store.close();
  });
});

describe('the archive of a large deployment', () => {
  it('is asked for by its indices', async () => {
    const store = await openStore({ url: await postgres().create('large'), migrate: true });
    const { db } = store.database;
    await db.execute(sql`
      insert into ended_runs (run_id, workflow_id, status, snapshot, events, started_at, completed_at)
      select md5(n::text), 'kept', 'completed', '{}', 'null', now() - n * interval '1 minute', now() - n * interval '1 minute' from generate_series(1, 20000) n`);
    await db.execute(sql`insert into audit_log (at, actor, action, target) select now() - n * interval '1 minute', 'ann', 'act', 'x' from generate_series(1, 20000) n`);
    await db.execute(sql`analyze`);
    const plan = async (query: string): Promise<string> => JSON.stringify(await db.execute(sql.raw(`explain ${query}`)));
    expect(await plan('select max(completed_at) from ended_runs')).toContain('ended_runs_by_end');
    const page = await plan('select run_id from ended_runs order by started_at desc, run_id limit 101');
    expect(page).toContain('ended_runs_by_start');
    expect(page).not.toContain('Sort');
    expect(await plan(`select id from audit_log where at < now() - interval '13 days' order by at limit 500`)).toContain('audit_log_by_time');
    await store.close();
  });
});
