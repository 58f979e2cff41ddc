import { chainDocument } from '../documents.js';
import { costs, measurePairs } from '../pairs.js';
import { costRows } from '../row.js';
import { runOurs, runTwin } from '../runs.js';
import { MOST_TIME_RATIO, type Case } from './case.js';

const RUNS = 100;
const STEPS = 5;

function allAtOnce(run: () => Promise<string>): () => Promise<unknown> {
  return () => Promise.all(Array.from({ length: RUNS }, run));
}

export const throughput: Case = {
  name: 'throughput',
  title: `${RUNS} runs of ${STEPS} steps, all at once`,
  pairs: 7,
  quickPairs: 2,
  async run(bench, pairs) {
    const document = chainDocument(STEPS);
    const work = {
      ours: allAtOnce(() => runOurs(bench, document)),
      twin: allAtOnce(() => runTwin(bench, 'chain', { steps: STEPS })),
    };
    return costRows('run', await measurePairs(bench, { name: 'throughput', pairs }, costs(bench.cpu, RUNS, work)), MOST_TIME_RATIO);
  },
};
