import { optionalTsToMs } from '@temporalio/common/lib/time.js';
import type { DistriClient } from '../client/index.js';
import { DistriError } from '../definition/errors.js';
import { toTemporalError } from '../temporal/errors.js';

/** A long poll lasts up to a minute and is noted when it begins. */
const LIVE_MS = 90_000;
const CALL_MS = 5_000;
const WORKFLOW_QUEUE = 1;

/** Whether a live worker serves the engine's task queue. Takes five seconds to say no when one has just gone. */
export async function engineIsAlive(client: DistriClient): Promise<boolean> {
  return (await isPolled(client)) && answersForCatalogue(client);
}

async function isPolled({ temporal, namespace, address, queuePrefix }: DistriClient): Promise<boolean> {
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

/** A poller is listed long after its worker has gone; the catalogue is a workflow, which only a live one can ask. */
async function answersForCatalogue(client: DistriClient): Promise<boolean> {
  try {
    return (await client.workers()).length > 0;
  } catch (error) {
    if (error instanceof DistriError && error.code === 'NO_WORKER') return false;
    throw error;
  }
}
