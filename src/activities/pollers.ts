import type { ConnectionLike } from '@temporalio/client';
import { optionalTsToMs } from '@temporalio/common/lib/time.js';
import { setTimeout as sleep } from 'node:timers/promises';
import { skillQueue } from '../definition/messages.js';

/** Long polls last up to a minute and are noted when they begin: an older note is of a worker that is gone. */
const LIVE_MS = 90_000;
const CONFIRM_MS = 2_000;
const CALL_MS = 5_000;

const ACTIVITY_QUEUE = 2;
const ENHANCED_MODE = 1;

/** Whether live workers poll a skill's task queue. */
export interface Pollers {
  /** One look, all partitions. */
  live(skill: string): Promise<boolean>;
  /** As `live`, but a negative is looked at again after two seconds: a worker may be about to poll. */
  confirmed(skill: string): Promise<boolean>;
}

type Poller = { lastAccessTime?: Parameters<typeof optionalTsToMs>[0] };

function anyLive(pollers: readonly Poller[] | null | undefined): boolean {
  const since = Date.now() - LIVE_MS;
  return (pollers ?? []).some((poller) => (optionalTsToMs(poller.lastAccessTime) ?? 0) >= since);
}

/** Asks the Temporal server who polls. Rejects with the server's error when it does not answer. */
export function createPollers(deps: { connection: ConnectionLike; namespace: string; prefix: string }): Pollers {
  const { connection, namespace, prefix } = deps;
  type Request = Parameters<typeof connection.workflowService.describeTaskQueue>[0];
  const describe = (request: Request) =>
    connection.withDeadline(Date.now() + CALL_MS, () => connection.workflowService.describeTaskQueue(request));

  const onRootPartition = async (name: string): Promise<boolean> => {
    const answer = await describe({ namespace, taskQueue: { name }, taskQueueType: ACTIVITY_QUEUE });
    return anyLive(answer.pollers);
  };

  // Only this mode gathers the pollers of every partition; servers that no longer have it refuse the request.
  const onAnyPartition = async (name: string): Promise<boolean> => {
    const request = { apiMode: ENHANCED_MODE, taskQueueTypes: [ACTIVITY_QUEUE], reportPollers: true };
    const answer = await describe({ namespace, taskQueue: { name }, ...request }).catch(() => undefined);
    return Object.values(answer?.versionsInfo ?? {}).some((version) => anyLive(version.typesInfo?.[ACTIVITY_QUEUE]?.pollers));
  };

  const live = async (skill: string): Promise<boolean> => {
    const name = skillQueue(prefix, skill);
    return (await onRootPartition(name)) || onAnyPartition(name);
  };

  return {
    live,
    async confirmed(skill) {
      if (await live(skill)) return true;
      await sleep(CONFIRM_MS);
      return live(skill);
    },
  };
}
