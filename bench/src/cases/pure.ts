import { RunMachine } from '../../../dist/workflows/machine.js';
import { finalRecord } from '../../../dist/workflows/observe.js';
import { compilePlan } from '../../../dist/workflows/plan.js';
import { pureDocument } from '../documents.js';
import { firstTaskMs, historyOf } from '../history.js';
import { measurePairs, median } from '../pairs.js';
import { pairedRow, type Row } from '../row.js';
import { runOurs, runTwin } from '../runs.js';
import type { Bench } from '../sides.js';
import type { Case } from './case.js';

const STEPS = 10_000;
const MOST_RATIO = 3;
const ALLOWANCE_MS = 150;
const INPUT = { name: 'The run' };
const document = pureDocument(STEPS);

/** The same machine without Temporal, from the definition to the final record; in milliseconds. */
function inPlainNode(): number {
  const begun = performance.now();
  const machine = new RunMachine(compilePlan(document, undefined), { input: INPUT });
  machine.now = Date.now();
  machine.start();
  machine.advance();
  machine.end();
  finalRecord(machine, { runId: 'plain', definitionHash: '' });
  const ms = performance.now() - begun;
  if (machine.status !== 'completed') throw new Error(`the machine is ${machine.status}`);
  return ms;
}

async function measured(bench: Bench, run: () => Promise<string>) {
  const begun = performance.now();
  const id = await run();
  const ms = performance.now() - begun;
  return { ms, task: firstTaskMs(await historyOf(bench, id)), plain: inPlainNode() };
}

export const pure: Case = {
  name: 'pure',
  title: `${STEPS} pure steps in one run`,
  pairs: 7,
  quickPairs: 2,
  async run(bench, pairs) {
    const all = await measurePairs(bench, { name: 'pure', pairs }, {
      ours: () => measured(bench, () => runOurs(bench, document, INPUT)),
      twin: () => measured(bench, () => runTwin(bench, 'pure', { steps: STEPS, name: INPUT.name })),
    });
    const tasks = all.map(({ ours }) => ours.task);
    const plain = median(all.map(({ ours }) => ours.plain));
    const most = MOST_RATIO * plain + ALLOWANCE_MS;
    const firstTask: Row = {
      measure: 'first workflow task; twin: the same machine in plain Node',
      unit: 'ms',
      ours: median(tasks),
      twin: plain,
      ratio: median(tasks) / plain,
      target: `≤ ${MOST_RATIO} × + ${ALLOWANCE_MS} ms = ${Math.round(most)} ms`,
      ok: median(tasks) <= most,
      pairs: all.map(({ ours }) => ({ ours: ours.task, twin: ours.plain })),
    };
    return [firstTask, pairedRow('whole run; twin: a loop in a workflow', 'ms', all.map(({ ours, twin }) => ({ ours: ours.ms, twin: twin.ms })))];
  },
};
