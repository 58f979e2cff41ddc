import { defaultPayloadConverter, fromPayloadsAtIndex } from '@temporalio/common';
import { chainDocument } from '../documents.js';
import { measurePairs, percentile } from '../pairs.js';
import { pairedRow } from '../row.js';
import type { Bench } from '../sides.js';
import type { NoopResult } from '../twin/activities.js';
import { TWIN_QUEUE } from '../twin/names.js';
import type { chain } from '../twin/workflows.js';
import type { Case } from './case.js';

const STEPS = 40;
/** Longer than an observer waits between two questions. */
const PAUSE_MS = 150;

function atOf(result: unknown): number {
  return typeof result === 'object' && result !== null && 'at' in result ? Number(result.at) : Number.NaN;
}

/** Milliseconds from each step's end to the event at an observer. */
async function observeOurs(bench: Bench): Promise<number[]> {
  const run = await bench.distri.start(chainDocument(STEPS, PAUSE_MS), { runId: bench.id('progress') });
  const delays: number[] = [];
  for await (const event of run.events()) {
    if (event.event === 'step_completed') delays.push(Date.now() - atOf(event.result));
  }
  return delays;
}

/** By hand: a long poll of the history, whose events are decoded. */
async function observeTwin(bench: Bench): Promise<number[]> {
  const { workflow, workflowService, options } = bench.temporal;
  const handle = await workflow.start<typeof chain>('chain', {
    taskQueue: TWIN_QUEUE,
    workflowId: bench.id('twin-progress'),
    args: [{ steps: STEPS, pauseMs: PAUSE_MS }],
  });
  const delays: number[] = [];
  let nextPageToken: Uint8Array | undefined;
  do {
    const page = await workflowService.getWorkflowExecutionHistory({
      namespace: options.namespace,
      execution: { workflowId: handle.workflowId },
      waitNewEvent: true,
      ...(nextPageToken ? { nextPageToken } : {}),
    });
    for (const { activityTaskCompletedEventAttributes: completed } of page.history?.events ?? []) {
      if (completed) delays.push(Date.now() - fromPayloadsAtIndex<NoopResult>(defaultPayloadConverter, 0, completed.result?.payloads).at);
    }
    nextPageToken = page.nextPageToken;
  } while (nextPageToken && nextPageToken.length > 0);
  return delays;
}

export const progress: Case = {
  name: 'progress',
  title: `a step's end to the event at an observer, a step every ${PAUSE_MS} ms; twin: a long poll of the history`,
  pairs: 3,
  quickPairs: 1,
  async run(bench, pairs) {
    const all = await measurePairs(bench, { name: 'progress', pairs }, { ours: () => observeOurs(bench), twin: () => observeTwin(bench) });
    const at = (part: number) => all.map(({ ours, twin }) => ({ ours: percentile(ours, part), twin: percentile(twin, part) }));
    return [pairedRow('p50', 'ms', at(0.5)), pairedRow('p95', 'ms', at(0.95))];
  },
};
