import { chainDocument } from '../documents.js';
import { measurePairs, timed } from '../pairs.js';
import { pairedRow } from '../row.js';
import { runOurs, runTwin } from '../runs.js';
import { MOST_TIME_RATIO, type Case } from './case.js';

const RUNS = 100;
const STEPS = 5;

async function atOnce(run: () => Promise<string>): Promise<number> {
  return timed(() => Promise.all(Array.from({ length: RUNS }, run)));
}

export const throughput: Case = {
  name: 'throughput',
  title: `${RUNS} runs of ${STEPS} steps, all at once`,
  pairs: 7,
  quickPairs: 2,
  async run(bench, pairs) {
    const document = chainDocument(STEPS);
    const times = await measurePairs(bench, { name: 'throughput', pairs }, {
      ours: () => atOnce(() => runOurs(bench, document)),
      twin: () => atOnce(() => runTwin(bench, 'chain', { steps: STEPS })),
    });
    return [
      pairedRow('time a run', 'ms', times.map(({ ours, twin }) => ({ ours: ours / RUNS, twin: twin / RUNS })), MOST_TIME_RATIO),
    ];
  },
};
