import { fanOutDocument } from '../documents.js';
import { eventsIn, historyOf, innerBytes } from '../history.js';
import { measurePairs } from '../pairs.js';
import { pairedRow } from '../row.js';
import { runOurs, runTwin } from '../runs.js';
import type { Bench } from '../sides.js';
import { MOST_TIME_RATIO, type Case } from './case.js';

const STEPS = 1_000;
/** What a document allows at once by default; the hand-coded workflow keeps to the same. */
const LIMIT = 100;

async function measured(bench: Bench, run: () => Promise<string>) {
  const begun = performance.now();
  const id = await run();
  const ms = (performance.now() - begun) / STEPS;
  const history = await historyOf(bench, id);
  return { ms, events: eventsIn(history).length / STEPS, bytes: innerBytes(history) / STEPS };
}

export const fanOut: Case = {
  name: 'fan-out',
  title: `${STEPS} parallel steps, ${LIMIT} at once`,
  pairs: 5,
  quickPairs: 2,
  async run(bench, pairs) {
    const document = fanOutDocument(STEPS);
    const all = await measurePairs(bench, { name: 'fan-out', pairs }, {
      ours: () => measured(bench, () => runOurs(bench, document)),
      twin: () => measured(bench, () => runTwin(bench, 'fanOut', { steps: STEPS, limit: LIMIT })),
    });
    const of = (key: 'ms' | 'events' | 'bytes') => all.map(({ ours, twin }) => ({ ours: ours[key], twin: twin[key] }));
    return [
      pairedRow('time a step', 'ms', of('ms'), MOST_TIME_RATIO),
      pairedRow('events a step (vary with batching)', '', of('events')),
      pairedRow('history a step', 'bytes', of('bytes')),
    ];
  },
};
