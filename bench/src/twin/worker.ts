import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import * as activities from './activities.js';
import { TWIN_QUEUE, TWIN_TOOL_QUEUE } from './names.js';

const HEARTBEAT_MS = 1_000;

/** Both workers of the twin in this process, with the settings that ours have. */
export async function createTwin(address: string, namespace: string, bundlePath: string): Promise<{ run: () => Promise<void>; stop: () => void }> {
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { logging: { filter: { core: 'WARN', other: 'ERROR' }, forward: {} } },
    shutdownSignals: [],
  });
  const connection = await NativeConnection.connect({ address });
  const common = {
    connection,
    namespace,
    maxHeartbeatThrottleInterval: HEARTBEAT_MS,
    defaultHeartbeatThrottleInterval: HEARTBEAT_MS,
    shutdownGraceTime: '10 seconds',
  };
  const tools = await Worker.create({ ...common, taskQueue: TWIN_TOOL_QUEUE, activities, maxConcurrentActivityTaskExecutions: 100 });
  const workflows = await Worker.create({
    ...common,
    taskQueue: TWIN_QUEUE,
    workflowBundle: { codePath: bundlePath },
    stickyQueueScheduleToStartTimeout: 5_000,
  });
  const workers = [tools, workflows];
  return {
    run: async () => {
      await Promise.all(workers.map((worker) => worker.run()));
      await connection.close();
    },
    stop: () => {
      for (const worker of workers) worker.shutdown();
    },
  };
}
