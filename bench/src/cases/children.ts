import { childrenDocument } from '../documents.js';
import { eventsIn, historyOf } from '../history.js';
import { costs, measurePairs } from '../pairs.js';
import { costRows, pairedRow } from '../row.js';
import { runOurs, runTwin } from '../runs.js';
import type { Pair } from '../sides.js';
import { MOST_TIME_RATIO, type Case } from './case.js';

const CHILDREN = 100;

export const children: Case = {
  name: 'children',
  title: `a parent of ${CHILDREN} children of one step`,
  pairs: 7,
  quickPairs: 2,
  async run(bench, pairs) {
    const rows = Array.from({ length: CHILDREN }, (_, n) => n);
    const document = childrenDocument();
    const ids = { ours: [] as string[], twin: [] as string[] };
    const work = {
      ours: async () => ids.ours.push(await runOurs(bench, document, { rows })),
      twin: async () => ids.twin.push(await runTwin(bench, 'parent', { rows })),
    };
    const measured = await measurePairs(bench, { name: 'children', pairs }, costs(bench.cpu, CHILDREN, work));
    const lengthOf = async (id: string): Promise<number> => eventsIn(await historyOf(bench, id)).length;
    const parents: Pair[] = [];
    const each: Pair[] = [];
    for (const [at, ours] of ids.ours.entries()) {
      const twin = ids.twin[at] ?? '';
      parents.push({ ours: (await lengthOf(ours)) / CHILDREN, twin: (await lengthOf(twin)) / CHILDREN });
      each.push({ ours: await lengthOf(`${ours}/each[1]`), twin: await lengthOf(`${twin}/each[1]`) });
    }
    return [
      ...costRows('child', measured, MOST_TIME_RATIO),
      pairedRow('events of the parent a child (workflow tasks are batched by chance)', '', parents.slice(1)),
      pairedRow('events of a child', '', each.slice(1)),
    ];
  },
};
