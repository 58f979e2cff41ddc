import type { ConnectionLike } from '@temporalio/client';
import { optionalTsToMs } from '@temporalio/common/lib/time.js';
import { setTimeout as sleep } from 'node:timers/promises';
import { skillQueue } from '../definition/messages.js';
import { getsTasks, type PollerVersion, type Routing } from './routing.js';

/** Long polls last up to a minute and are noted when they begin: an older note is of a worker that is gone. */
const LIVE_MS = 90_000;
const CONFIRM_MS = 2_000;
const CALL_MS = 5_000;

const ACTIVITY_QUEUE = 2;
const ENHANCED_MODE = 1;

/** Whether live workers that the server gives tasks to poll a skill's task queue. */
export interface Pollers {
  /** One look, all partitions. */
  live(skill: string): Promise<boolean>;
  /** As `live`, but a negative is looked at again after two seconds: a worker may be about to poll. */
  confirmed(skill: string): Promise<boolean>;
}

interface Poller {
  lastAccessTime?: Parameters<typeof optionalTsToMs>[0];
  deploymentOptions?: PollerVersion | null;
}

export interface PollersDeps {
  connection: ConnectionLike;
  namespace: string;
  prefix: string;
  /** The deployment and build of the worker that asks. */
  deployment?: { name: string; buildId: string } | undefined;
}

/** Asks the Temporal server who polls. Rejects with the server's error when it does not answer. */
export function createPollers({ connection, namespace, prefix, deployment }: PollersDeps): Pollers {
  const own = deployment && { deploymentName: deployment.name, buildId: deployment.buildId };
  type Request = Parameters<typeof connection.workflowService.describeTaskQueue>[0];
  const describe = (request: Request) =>
    connection.withDeadline(Date.now() + CALL_MS, () => connection.workflowService.describeTaskQueue(request));

  const anyLive = (pollers: readonly Poller[] | null | undefined, routing: Routing | null | undefined): boolean => {
    const since = Date.now() - LIVE_MS;
    return (pollers ?? []).some(
      (poller) => (optionalTsToMs(poller.lastAccessTime) ?? 0) >= since && getsTasks(poller.deploymentOptions, routing, own),
    );
  };

  // Only this mode gathers the pollers of every partition, those without a version; servers that no longer have it refuse.
  const onAnyPartition = async (name: string, routing: Routing | null | undefined): Promise<boolean> => {
    const request = { apiMode: ENHANCED_MODE, taskQueueTypes: [ACTIVITY_QUEUE], reportPollers: true };
    const answer = await describe({ namespace, taskQueue: { name }, ...request }).catch(() => undefined);
    return Object.values(answer?.versionsInfo ?? {}).some((version) => anyLive(version.typesInfo?.[ACTIVITY_QUEUE]?.pollers, routing));
  };

  const live = async (skill: string): Promise<boolean> => {
    const name = skillQueue(prefix, skill);
    const root = await describe({ namespace, taskQueue: { name }, taskQueueType: ACTIVITY_QUEUE });
    return anyLive(root.pollers, root.versioningInfo) || onAnyPartition(name, root.versioningInfo);
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
