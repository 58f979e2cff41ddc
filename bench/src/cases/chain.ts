import { chainDocument } from '../documents.js';
import { costs, measurePairs } from '../pairs.js';
import { costRows } from '../row.js';
import { runOurs, runTwin } from '../runs.js';
import { MOST_TIME_RATIO, type Case } from './case.js';

const STEPS = 200;

export const chain: Case = {
  name: 'chain',
  title: `${STEPS} steps, each after the one before`,
  pairs: 9,
  quickPairs: 2,
  async run(bench, pairs) {
    const document = chainDocument(STEPS);
    const work = { ours: () => runOurs(bench, document), twin: () => runTwin(bench, 'chain', { steps: STEPS }) };
    return costRows('step', await measurePairs(bench, { name: 'chain', pairs }, costs(bench.cpu, STEPS, work)), MOST_TIME_RATIO);
  },
};
