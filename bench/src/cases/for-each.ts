import { forEachDocument } from '../documents.js';
import { eventsInAll } from '../history.js';
import { costs, measurePairs } from '../pairs.js';
import { costRows, pairedRow, type Row } from '../row.js';
import { runOurs, runTwin } from '../runs.js';
import type { Bench, Pair } from '../sides.js';
import { MOST_TIME_RATIO, type Case } from './case.js';

const LIMIT = 100;
/** Workflow tasks are batched by chance. */
const MOST_EVENTS_RATIO = 1.02;

async function rowsOf(bench: Bench, count: number, pairs: number): Promise<Row[]> {
  const rows = Array.from({ length: count }, (_, n) => n);
  const document = forEachDocument(LIMIT);
  const ids = { ours: [] as string[], twin: [] as string[] };
  const work = {
    ours: async () => ids.ours.push(await runOurs(bench, document, { rows })),
    twin: async () => ids.twin.push(await runTwin(bench, 'each', { rows, limit: LIMIT })),
  };
  const measured = await measurePairs(bench, { name: `for-each ${count}`, pairs }, costs(bench.cpu, count, work));
  const events: Pair[] = [];
  for (const [at, ours] of ids.ours.entries()) {
    events.push({ ours: (await eventsInAll(bench, ours)) / count, twin: (await eventsInAll(bench, ids.twin[at] ?? '')) / count });
  }
  return [...costRows('row', measured, MOST_TIME_RATIO), pairedRow('events a row (workflow tasks are batched by chance)', '', events.slice(1), MOST_EVENTS_RATIO)];
}

const title = (count: string): string => `a step for each of ${count} rows, ${LIMIT} at once`;

export const forEach: Case = {
  name: 'for-each',
  title: title('1,000'),
  pairs: 7,
  quickPairs: 2,
  run: (bench, pairs) => rowsOf(bench, 1_000, pairs),
};

/** The twin continues as new at the same points. */
export const forEachOfMany: Case = {
  name: 'for-each-many',
  title: `${title('10,000')}; both sides continue as new`,
  pairs: 3,
  quickPairs: 1,
  run: (bench, pairs) => rowsOf(bench, 10_000, pairs),
};
