import { ActivityCancellationType, continueAsNew, executeChild, ParentClosePolicy, proxyActivities, workflowInfo } from '@temporalio/workflow';
import type * as activities from './activities.js';
import { TWIN_TOOL_QUEUE } from './names.js';

const { noop } = proxyActivities<typeof activities>({
  taskQueue: TWIN_TOOL_QUEUE,
  startToCloseTimeout: '365 days',
  scheduleToStartTimeout: '300 seconds',
  heartbeatTimeout: '15 seconds',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  allowEagerDispatch: false,
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '100 seconds', maximumAttempts: 10 },
});

export interface ChainInput {
  steps: number;
  pauseMs?: number;
}

/** Each step takes the result of the one before. */
export async function chain({ steps, pauseMs }: ChainInput): Promise<activities.NoopResult[]> {
  const results: activities.NoopResult[] = [];
  let count = 0;
  for (let step = 1; step <= steps; step += 1) {
    const input = { count, ...(pauseMs === undefined ? {} : { pause_ms: pauseMs }) };
    const result = await noop.executeWithOptions({ summary: `Step ${step}` }, [input]);
    count = result.count;
    results.push(result);
  }
  return results;
}

/** Independent steps, at most `limit` at once. */
export async function fanOut({ steps, limit }: { steps: number; limit: number }): Promise<activities.NoopResult[]> {
  const results: activities.NoopResult[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < steps) {
      const step = next;
      next += 1;
      results[step] = await noop.executeWithOptions({ summary: `Step ${step + 1}` }, [{ count: step }]);
    }
  };
  await Promise.all(Array.from({ length: limit }, lane));
  return results;
}

/** Where an interpreted run stops starting elements, to continue as new once none is in flight. */
const DRAIN_EVENTS = 20_000;

export interface EachInput {
  rows: number[];
  limit: number;
  /** Those of executions before this one. */
  results?: activities.NoopResult[];
}

/** One activity per row, at most `limit` at once; continues as new where an interpreted run does. */
export async function each({ rows, limit, results = [] }: EachInput): Promise<activities.NoopResult[]> {
  let next = results.length;
  const lane = async (): Promise<void> => {
    while (next < rows.length && workflowInfo().historyLength < DRAIN_EVENTS) {
      const at = next;
      next += 1;
      results[at] = await noop.executeWithOptions({ summary: `each [${at}]` }, [{ count: rows[at] ?? 0 }]);
    }
  };
  await Promise.all(Array.from({ length: limit }, lane));
  return next < rows.length ? continueAsNew<typeof each>({ rows, limit, results }) : results;
}

/** A child of one step. */
export async function one({ count }: { count: number }): Promise<activities.NoopResult> {
  return noop.executeWithOptions({ summary: 'say' }, [{ count }]);
}

/** One child per row, all at once. */
export async function parent({ rows }: { rows: number[] }): Promise<activities.NoopResult[]> {
  const { workflowId } = workflowInfo();
  const child = (count: number, at: number): Promise<activities.NoopResult> =>
    executeChild(one, { workflowId: `${workflowId}/each[${at}]`, args: [{ count }], parentClosePolicy: ParentClosePolicy.ABANDON });
  return Promise.all(rows.map(child));
}

/** Steps that need nobody: each makes a message. */
export async function pure({ steps, name }: { steps: number; name: string }): Promise<{ message: string }[]> {
  return Array.from({ length: steps }, (_, step) => ({ message: `${name} is at step ${step + 1}` }));
}
