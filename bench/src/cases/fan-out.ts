import { fanOutDocument } from '../documents.js';
import { eventsIn, historyOf, innerBytes } from '../history.js';
import { costs, measurePairs } from '../pairs.js';
import { costRows, pairedRow, type Row } from '../row.js';
import { runOurs, runTwin } from '../runs.js';
import type { Bench, Pair } from '../sides.js';
import { MOST_BYTES_RATIO, MOST_TIME_RATIO, type Case } from './case.js';

const STEPS = 1_000;
/** What a document allows at once by default; the hand-coded workflow keeps to the same. */
const LIMIT = 100;

async function historyRows(bench: Bench, ids: { ours: string; twin: string }[]): Promise<Row[]> {
  const events: Pair[] = [];
  const bytes: Pair[] = [];
  for (const { ours, twin } of ids) {
    const histories = { ours: await historyOf(bench, ours), twin: await historyOf(bench, twin) };
    events.push({ ours: eventsIn(histories.ours).length / STEPS, twin: eventsIn(histories.twin).length / STEPS });
    bytes.push({ ours: innerBytes(histories.ours) / STEPS, twin: innerBytes(histories.twin) / STEPS });
  }
  return [pairedRow('events a step (workflow tasks are batched by chance)', '', events), pairedRow('history a step', 'bytes', bytes, MOST_BYTES_RATIO)];
}

export const fanOut: Case = {
  name: 'fan-out',
  title: `${STEPS} parallel steps, ${LIMIT} at once`,
  pairs: 7,
  quickPairs: 2,
  async run(bench, pairs) {
    const document = fanOutDocument(STEPS);
    const ids = { ours: [] as string[], twin: [] as string[] };
    const work = {
      ours: async () => ids.ours.push(await runOurs(bench, document)),
      twin: async () => ids.twin.push(await runTwin(bench, 'fanOut', { steps: STEPS, limit: LIMIT })),
    };
    const measured = await measurePairs(bench, { name: 'fan-out', pairs }, costs(bench.cpu, STEPS, work));
    const counted = ids.ours.slice(1).map((ours, at) => ({ ours, twin: ids.twin[at + 1] ?? '' }));
    return [...costRows('step', measured, MOST_TIME_RATIO), ...(await historyRows(bench, counted))];
  },
};
