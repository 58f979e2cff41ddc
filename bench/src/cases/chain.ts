import { chainDocument } from '../documents.js';
import { measurePairs, timed } from '../pairs.js';
import { pairedRow } from '../row.js';
import { runOurs, runTwin } from '../runs.js';
import { MOST_TIME_RATIO, type Case } from './case.js';

const STEPS = 200;

export const chain: Case = {
  name: 'chain',
  title: `${STEPS} steps, each after the one before`,
  pairs: 7,
  quickPairs: 2,
  async run(bench, pairs) {
    const document = chainDocument(STEPS);
    const times = await measurePairs(bench, { name: 'chain', pairs }, {
      ours: () => timed(() => runOurs(bench, document)),
      twin: () => timed(() => runTwin(bench, 'chain', { steps: STEPS })),
    });
    return [
      pairedRow(
        'time a step',
        'ms',
        times.map(({ ours, twin }) => ({ ours: ours / STEPS, twin: twin / STEPS })),
        MOST_TIME_RATIO,
      ),
    ];
  },
};
