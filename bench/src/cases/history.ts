import { chainDocument } from '../documents.js';
import { eventsIn, eventTypes, historyOf, innerBytes, type History } from '../history.js';
import { measurePairs } from '../pairs.js';
import type { Row } from '../row.js';
import { runOurs, runTwin } from '../runs.js';
import type { Bench } from '../sides.js';
import { MOST_BYTES_RATIO, type Case } from './case.js';

const LENGTHS = [50, 200, 400];
const MOST_EXTRA_EVENTS = 3;
/** How much more a step of the longest chain may cost than one of the shortest. */
const MOST_GROWTH = 1.05;

/** Events that a step accounts for: what happened of the activity, and the workflow tasks that it took. */
function eventsOf(history: History): number {
  return eventsIn(history).length;
}

async function historyPair(bench: Bench, steps: number): Promise<{ ours: History; twin: History }> {
  const [pair] = await measurePairs(bench, { name: `history ${steps}`, pairs: 1 }, {
    ours: async () => historyOf(bench, await runOurs(bench, chainDocument(steps))),
    twin: async () => historyOf(bench, await runTwin(bench, 'chain', { steps })),
  });
  if (!pair) throw new Error('nothing was measured');
  return pair;
}

function difference({ ours, twin }: { ours: History; twin: History }): string {
  const other = eventTypes(twin);
  const extra = [...eventTypes(ours)].map(([type, count]) => ({ type, more: count - (other.get(type) ?? 0) }));
  return extra
    .filter(({ more }) => more !== 0)
    .map(({ type, more }) => `${more > 0 ? '+' : ''}${more} ${type.replace('EVENT_TYPE_', '').toLowerCase()}`)
    .join(', ');
}

export const history: Case = {
  name: 'history',
  title: 'history of chains, without the first and last event',
  pairs: 1,
  quickPairs: 1,
  async run(bench) {
    const rows: Row[] = [];
    const bytesByLength: number[] = [];
    for (const steps of LENGTHS) {
      const pair = await historyPair(bench, steps);
      const events = { ours: eventsOf(pair.ours), twin: eventsOf(pair.twin) };
      const bytes = { ours: innerBytes(pair.ours) / steps, twin: innerBytes(pair.twin) / steps };
      bytesByLength.push(bytes.ours);
      bench.say(`history ${steps}: ${difference(pair) || 'the same events'}`);
      rows.push({
        measure: `events of a run of ${steps}`,
        unit: '',
        ...events,
        ratio: events.ours / events.twin,
        target: `at most ${MOST_EXTRA_EVENTS} more`,
        ok: events.ours - events.twin <= MOST_EXTRA_EVENTS,
      });
      rows.push({
        measure: `history a step of ${steps}`,
        unit: 'bytes',
        ...bytes,
        ratio: bytes.ours / bytes.twin,
        target: `ratio ≤ ${MOST_BYTES_RATIO}`,
        ok: bytes.ours / bytes.twin <= MOST_BYTES_RATIO,
      });
    }
    const growth = (bytesByLength.at(-1) ?? 0) / (bytesByLength[0] ?? 1);
    rows.push({
      measure: `bytes a step of ${LENGTHS.at(-1)} against ${LENGTHS[0]}`,
      unit: '×',
      ours: growth,
      target: `flat: ≤ ${MOST_GROWTH}`,
      ok: growth <= MOST_GROWTH,
    });
    return rows;
  },
};
