import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { RunInfo } from '../../src/client/index.js';
import { wellFormed } from '../../src/definition/text.js';
import { cursorAt } from '../../src/server/list-cursor.js';
import { sharedPlatform } from './stage.js';

const platform = sharedPlatform({ worker: {} });

/** Texts that end a literal, escape its end, are changed by the server, or match more than themselves. */
const HOSTILE = [`o'brien`, `'edge'`, `"x"`, 'back\\slash', '\\', `\\'`, `\\' OR (WorkflowId != '')--`, `' OR ''='`, '%', 'a_b', 'a"b', 'new\nline', 'a\\nb', ' pad ', 'é\u{1F600}'];
const FILTERS = { workflow_id: 'workflow_id', owner: 'owner', parent_run_id: 'parent_run_id' } as const;

const mark = randomUUID().slice(0, 8);
/** Nobody else's tests start runs as this user. */
const STRANGER = `stranger-${mark}`;
/** All runs of this file, as the server tells of each by itself. */
const runs: RunInfo[] = [];

/** Ids of runs may not have control characters. */
const idOf = (text: string, at: number): string => `${text}${mark}-${at}${text}`.replace(/\p{Cc}/gu, '');

beforeAll(async () => {
  const child = { type: 'workflow', definition: { id: 'child', steps: [{ id: 'c', kind: { type: 'checkpoint', message: 'x' } }] } };
  const started = await Promise.all(
    HOSTILE.map(async (text, at) => {
      const definition = { id: text, steps: [{ id: 'below', kind: child }] };
      const run = await platform().client.start(definition, { owner: text, runId: idOf(text, at) });
      await run.result();
      return [run.id, `${run.id}/below`];
    }),
  );
  for (const id of started.flat()) runs.push(await platform().client.getRun(id).describe());
  await vi.waitFor(async () => expect((await found({})).length).toBe(runs.length), { timeout: 60_000, interval: 300 });
});

async function listed(query: Record<string, string>, as: string): Promise<RunInfo[]> {
  const all: RunInfo[] = [];
  for (let cursor: string | undefined; ; ) {
    const params = new URLSearchParams({ ...query, limit: '500', ...(cursor === undefined ? {} : { cursor }) });
    const { status, body, text } = await platform().send('GET', `/v1/runs?${params.toString()}`, { as });
    expect(status, `${params.toString()}: ${text}`).toBe(200);
    all.push(...body.items);
    cursor = body.next_cursor;
    if (cursor === undefined) return all;
  }
}

/** The ids of the runs of this file that an admin finds. */
async function found(query: Record<string, string>): Promise<string[]> {
  return (await listed(query, 'root:admin')).map(({ run_id }) => run_id).filter((id) => id.includes(mark)).sort();
}

const text = fc.oneof(
  fc.constantFrom(...HOSTILE),
  fc.string({ unit: fc.constantFrom(`'`, '"', '\\', '%', '_', '\n', '\0', ' ', 'a', 'OR', '(', ')', '=', '--', 'WorkflowId', ';'), maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.string({ minLength: 250, maxLength: 400 }),
);

describe('a filter', () => {
  it.each(Object.entries(FILTERS))('%s finds the runs with exactly this text, whatever it is', async (filter, field) => {
    const exact = (value: string) => runs.filter((run) => run[field] === value).map(({ run_id }) => run_id).sort();
    for (const value of new Set(runs.map((run) => run[field]))) {
      if (value !== undefined && field !== 'workflow_id') expect(await found({ [filter]: value }), JSON.stringify(value)).toEqual(exact(value));
    }
    for (const value of HOSTILE) expect(await found({ [filter]: value }), JSON.stringify(value)).toEqual(exact(value));
    await fc.assert(
      fc.asyncProperty(text, async (value) => {
        expect(await found({ [filter]: value })).toEqual(exact(wellFormed(value)));
      }),
      { numRuns: 60 },
    );
  });

  it('is one that the server takes, whatever its text: never an error of the server, never a run of somebody else', async () => {
    const filters = fc.record(
      { workflow_id: text, owner: text, parent_run_id: text, missing_skill: text, status: text, version: text, started_after: text, cursor: text, open: text },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(filters, async (query) => {
        const { status, body } = await platform().send('GET', `/v1/runs?${new URLSearchParams(query).toString()}`, { as: STRANGER });
        expect([200, 400]).toContain(status);
        if (status === 200) expect(body).toEqual({ items: [] });
      }),
      { numRuns: 200 },
    );
  });
});

it('does not tell by a cursor that runs of others match', async () => {
  const [victim] = runs;
  for (const injected of [`\\' or (WorkflowId = "${victim?.run_id}") -- `, `\\' or WorkflowType = \\'distriWorkflow\\' -- `, `' or ''='`, '\\']) {
    for (const filter of ['parent_run_id', 'workflow_id', 'missing_skill', 'owner']) {
      const { status, body } = await platform().send('GET', `/v1/runs?${new URLSearchParams({ limit: '1', [filter]: injected }).toString()}`, { as: STRANGER });
      expect({ status, body }, `${filter}=${injected}`).toEqual({ status: 200, body: { items: [] } });
    }
  }
});

it('does not tell users apart by names that visibility cannot', async () => {
  const own = (await listed({}, 'a_b')).map(({ owner }) => owner);
  expect(own).toEqual(own.map(() => 'a_b'));
  const seen = await platform().send('GET', '/v1/runs?limit=1&parent_run_id=none', { as: 'a_b' });
  expect(seen.body).toEqual({ items: [] });
});

it('refuses a place that no page has given, and is not stopped by it', async () => {
  const asked = { limit: 1, owner: STRANGER };
  const places = ['', 'x', 'null', '[]', '{}', '1', '""', '{"StartTime":"x"}', '{"RunID":5}', `{"CloseTime":"9999-12-31T23:59:59Z","StartTime":"2026-01-01T00:00:00Z","RunID":"' or 1=1 --"}`, '{"a":'.repeat(400)];
  const answers = places.map(async (place) => {
    const cursor = cursorAt(Buffer.from(place).toString('base64url'), asked);
    const { status, body } = await platform().send('GET', `/v1/runs?limit=1&cursor=${cursor}`, { as: STRANGER });
    expect([200, 400], place).toContain(status);
    if (status === 200) expect(body.items, place).toEqual([]);
  });
  await Promise.all(answers);
});

describe('a list of the runs of a workflow', () => {
  it('has for who may edit it also the runs that others started, and their children', async () => {
    const { send } = platform();
    const saved = await send('POST', '/v1/workflows', { as: 'owner', body: { steps: [{ id: 'below', kind: { type: 'workflow', definition: { id: 'c', steps: [{ id: 's', kind: { type: 'checkpoint', message: 'x' } }] } } }] } });
    const { id } = saved.body;
    await send('PUT', `/v1/workflows/${id}/shares/runner`, { as: 'owner', body: { role: 'run' } });
    await send('PUT', `/v1/workflows/${id}/shares/editor`, { as: 'owner', body: { role: 'edit' } });
    const theirs = (await send('POST', `/v1/workflows/${id}/run`, { as: 'runner' })).body.run_id;
    const own = (await send('POST', `/v1/workflows/${id}/run`, { as: 'owner' })).body.run_id;
    const ids = async (as: string, query: Record<string, string> = {}) => (await listed({ workflow_id: id, ...query }, as)).map(({ run_id }) => run_id).sort();
    for (const as of ['owner', 'editor', 'root:admin']) await expect.poll(() => ids(as), { timeout: 30_000, interval: 200 }).toEqual([theirs, own].sort());
    expect(await ids('owner', { owner: 'runner' })).toEqual([theirs]);
    expect(await ids('runner')).toEqual([theirs]);
    expect(await ids('runner', { owner: 'owner' })).toEqual([theirs]);
    expect(await ids('other')).toEqual([]);
    const children = async (as: string, run: string) => (await listed({ parent_run_id: run }, as)).map(({ run_id }) => run_id);
    await expect.poll(() => children('editor', theirs), { timeout: 30_000, interval: 200 }).toEqual([`${theirs}/below`]);
    expect(await children('runner', theirs)).toEqual([`${theirs}/below`]);
    expect(await children('runner', own)).toEqual([]);
  });
});
