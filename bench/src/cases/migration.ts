import type { WorkflowDefinition } from 'distri-workflow/definition';
import { pureDocument } from '../documents.js';
import { measurePairs, timed } from '../pairs.js';
import { pairedRow } from '../row.js';
import type { Bench } from '../sides.js';
import type { Case } from './case.js';

const STEPS = 1_000;
const FEW = 10;

/** A run that has done all its steps but the last, which waits; `more`: with a step after that. */
function waitingDocument(steps: number, more = false): WorkflowDefinition {
  const { id, steps: pure } = pureDocument(steps - 1);
  const wait: WorkflowDefinition['steps'][number] = {
    id: 'wait',
    kind: { type: 'wait_for_input', message: 'Well?', schema: { type: 'object' } },
    depends_on: [`s${steps - 1}`],
  };
  const next: WorkflowDefinition['steps'][number] = { id: 'next', kind: { type: 'checkpoint', message: 'more' }, depends_on: ['wait'] };
  return { id, steps: [...pure, wait, ...(more ? [next] : [])] };
}

/** Milliseconds until a run that waits has moved to the same definition with one step more. */
async function migrated(bench: Bench, steps: number): Promise<number> {
  const run = await bench.distri.start(waitingDocument(steps), { input: { name: 'The run' }, runId: bench.id('migrated') });
  while ((await run.snapshot()).status !== 'paused');
  const ms = await timed(async () => {
    await run.migrate(waitingDocument(steps, true));
    while ((await run.snapshot()).steps['next'] === undefined);
  });
  await run.answer('wait', {});
  await run.result();
  return ms;
}

export const migration: Case = {
  name: 'migration',
  title: `a run of ${STEPS} steps moves to another definition; twin: a run of ${FEW} steps does`,
  pairs: 5,
  quickPairs: 2,
  async run(bench, pairs) {
    const measured = await measurePairs(bench, { name: 'migration', pairs }, { ours: () => migrated(bench, STEPS), twin: () => migrated(bench, FEW) });
    return [pairedRow('from the command to a snapshot by the new definition', 'ms', measured)];
  },
};
