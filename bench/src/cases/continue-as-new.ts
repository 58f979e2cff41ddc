import { chainDocument } from '../documents.js';
import { measurePairs, median, timed } from '../pairs.js';
import { pairedRow, type Row } from '../row.js';
import type { Case } from './case.js';

const STEPS = 200;
/** A step of a chain is six events: the run goes through six executions. */
const AFTER_EVENTS = 200;
const CONTINUATIONS = Math.floor((STEPS * 6) / AFTER_EVENTS);

export const continueAsNew: Case = {
  name: 'continue-as-new',
  title: `${STEPS} steps in a chain that continues as new every ${AFTER_EVENTS} events; twin: the same run in one execution`,
  pairs: 5,
  quickPairs: 2,
  async run(bench, pairs) {
    const document = chainDocument(STEPS);
    const chain = (options: { continueAfterEvents?: number }) => () =>
      timed(async () => (await bench.distri.start(document, { runId: bench.id('continued'), ...options })).result());
    const measured = await measurePairs(bench, { name: 'continue-as-new', pairs }, {
      ours: chain({ continueAfterEvents: AFTER_EVENTS }),
      twin: chain({}),
    });
    const each: Row = {
      measure: `what one of ${CONTINUATIONS} continuations adds`,
      unit: 'ms',
      ours: median(measured.map(({ ours, twin }) => (ours - twin) / CONTINUATIONS)),
    };
    return [pairedRow('whole run', 'ms', measured), each];
  },
};
