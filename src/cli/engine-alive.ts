import { optionalTsToMs } from '@temporalio/common/lib/time.js';
import type { DistriClient } from '../client/index.js';
import { toTemporalError } from '../temporal/errors.js';

/** A long poll lasts up to a minute and is noted when it begins. */
const LIVE_MS = 90_000;
const CALL_MS = 5_000;
const WORKFLOW_QUEUE = 1;

/** Whether a live worker polls the engine's task queue. */
export async function engineIsAlive(client: DistriClient): Promise<boolean> {
  const { temporal, namespace, address, queuePrefix } = client;
  try {
    const { pollers } = await temporal.withDeadline(Date.now() + CALL_MS, () =>
      temporal.workflowService.describeTaskQueue({
        namespace,
        taskQueue: { name: queuePrefix },
        taskQueueType: WORKFLOW_QUEUE,
      }),
    );
    const since = Date.now() - LIVE_MS;
    return pollers.some(({ lastAccessTime }) => (optionalTsToMs(lastAccessTime) ?? 0) >= since);
  } catch (error) {
    throw toTemporalError(error, { address, namespace });
  }
}
