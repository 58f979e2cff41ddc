import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RunFilter, RunInfo, RunPage } from '../client/index.js';
import { LAG_MS, lookSince, StartWatches } from './started-runs.js';

const NOW = Date.parse('2027-01-01T00:00:00Z');

/** A server that has these runs, by when each started, and counts how often it is asked. */
class Lister {
  asked = 0;
  constructor(readonly runs: RunInfo[]) {}

  async listRunsPage({ startedAfter = '', startedBefore = '9', limit = 0 }: RunFilter, after = '0'): Promise<RunPage> {
    this.asked += 1;
    const found = this.runs.filter(({ started_at: at }) => at >= startedAfter && at < startedBefore).sort((a, b) => (a.started_at < b.started_at ? 1 : -1));
    const from = Number(after);
    return { runs: found.slice(from, from + limit), ...(from + limit < found.length ? { next: String(from + limit) } : {}) };
  }
}

const run = (n: number, startedAt: number, owner = 'ann'): RunInfo => ({ run_id: `r${n}`, temporal_run_id: '', workflow_id: 'w', status: 'running', owner, started_at: new Date(startedAt).toISOString() });
const everybody = { workflowId: 'w', owner: undefined };

beforeEach(() => {
  vi.useFakeTimers({ now: NOW, toFake: ['Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a look at what has started', () => {
  it('gives all of it, the oldest first, of one user when told', async () => {
    const lister = new Lister([run(1, NOW - 3_000), run(2, NOW - 2_000, 'anna'), run(3, NOW - 1_000)]);
    expect(await lookSince(lister, everybody, NOW - 2_500)).toMatchObject({ since: NOW - 2_500, until: NOW, at: NOW, runs: [{ run_id: 'r2' }, { run_id: 'r3' }] });
    expect((await lookSince(lister, { workflowId: 'w', owner: 'ann' }, NOW - 5_000)).runs.map(({ run_id }) => run_id)).toEqual(['r1', 'r3']);
  });

  it('goes on from the oldest when there are too many, and skips none', async () => {
    const since = NOW - 3_600_000;
    const lister = new Lister(Array.from({ length: 10_000 }, (_, n) => run(n, since + n * 350)));
    const seen: string[] = [];
    for (let at = since, until = 0; until < NOW; at = until) {
      lister.asked = 0;
      const look = await lookSince(lister, everybody, at);
      until = look.until;
      seen.push(...look.runs.map(({ run_id }) => run_id));
      expect(look.runs.length).toBeLessThanOrEqual(1_000);
      expect(lister.asked).toBeLessThan(10);
    }
    expect(seen).toEqual(lister.runs.map(({ run_id }) => run_id));
  });

  it('gets on, however many start at once', async () => {
    const lister = new Lister(Array.from({ length: 5_000 }, (_, n) => run(n, NOW - LAG_MS + n)));
    const look = await lookSince(lister, everybody, NOW - 2 * LAG_MS);
    expect(look).toMatchObject({ until: NOW });
    expect(look.runs).toHaveLength(5_000);
  });
});

describe('a watch', () => {
  it('looks once for all who watch the same runs, and not for who has left', async () => {
    const lister = new Lister([run(1, NOW + 1)]);
    const watches = new StartWatches(lister);
    const over = new AbortController();
    const same = [1, 2, 3].map(() => watches.join(everybody, over.signal));
    const other = watches.join({ workflowId: 'w', owner: 'bob' }, over.signal);
    const looks = Promise.all([...same, other].map((watch) => watch.next()));
    expect((await looks).map(({ runs }) => runs.length)).toEqual([1, 1, 1, 0]);
    expect(lister.asked).toBe(2);
    const last = same[0]!.next();
    over.abort();
    expect((await last).runs).toEqual([]);
    expect(lister.asked).toBe(2);
  });

  it('begins each look before the last one ended, by as much as runs may show late', async () => {
    const lister = new Lister([]);
    const watch = new StartWatches(lister).join(everybody, new AbortController().signal);
    const first = await watch.next();
    vi.setSystemTime(NOW + 60_000);
    expect(await watch.next()).toMatchObject({ since: first.until - LAG_MS, until: NOW + 60_000 });
  });
});
