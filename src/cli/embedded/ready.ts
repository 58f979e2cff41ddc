import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureSearchAttributes } from '../../temporal/search-attributes.js';

const POLL_MS = 50;
const CALL_MS = 1_000;
const RETENTION = msToTs('30 days');

async function keepForAMonth(connection: Connection, namespace: string): Promise<void> {
  const { config } = await connection.workflowService.describeNamespace({ namespace });
  if (config?.workflowExecutionRetentionTtl?.seconds?.toString() === RETENTION.seconds?.toString()) return;
  await connection.workflowService.updateNamespace({ namespace, config: { workflowExecutionRetentionTtl: RETENTION } });
}

/**
 * Waits until a dev server serves the namespace with our search attributes, and sets its retention to 30 days.
 * @param signal aborted when the server is gone
 * @throws the last error when it is not ready in time
 */
export async function untilReady(address: string, namespace: string, timeoutMs: number, signal: AbortSignal): Promise<void> {
  const connection = Connection.lazy({
    address,
    interceptors: [],
    channelArgs: { 'grpc.initial_reconnect_backoff_ms': POLL_MS, 'grpc.max_reconnect_backoff_ms': POLL_MS },
  });
  const deadline = Date.now() + timeoutMs;
  const attempt = async (): Promise<void> => {
    await keepForAMonth(connection, namespace);
    await ensureSearchAttributes(connection, namespace);
  };
  try {
    for (;;) {
      try {
        return await connection.withDeadline(Date.now() + CALL_MS, attempt);
      } catch (error) {
        signal.throwIfAborted();
        if (Date.now() > deadline) throw error;
      }
      await sleep(POLL_MS, undefined, { signal });
    }
  } finally {
    await connection.close();
  }
}
