import { NativeConnection } from '@temporalio/worker';
import { setTimeout as sleep } from 'node:timers/promises';
import { toTemporalError } from '../temporal/errors.js';
import type { CompiledOptions } from './options.js';

const CONNECT_MS = 10_000;
const CALL_MS = 5_000;

/**
 * Opens the worker's connection, or takes the one that was given, and looks for the namespace.
 * @throws DistriError `NO_TEMPORAL_SERVER`, `NAMESPACE_NOT_FOUND` or `TEMPORAL_UNAUTHORIZED`
 */
export async function connect({ temporal, connection: given }: CompiledOptions): Promise<NativeConnection> {
  try {
    const connection = given ?? (await inTime(NativeConnection.connect(temporal.connectionOptions)));
    try {
      await connection.withDeadline(Date.now() + CALL_MS, () =>
        connection.workflowService.describeNamespace({ namespace: temporal.namespace }),
      );
    } catch (error) {
      if (connection !== given) await connection.close();
      throw error;
    }
    return connection;
  } catch (error) {
    throw toTemporalError(error, temporal);
  }
}

async function inTime(connecting: Promise<NativeConnection>): Promise<NativeConnection> {
  const late = new AbortController();
  const connection = await Promise.race([connecting, sleep(CONNECT_MS, undefined, { signal: late.signal, ref: false })]);
  if (connection !== undefined) {
    late.abort();
    return connection;
  }
  void connecting.then((tooLate) => tooLate.close()).catch(() => undefined);
  throw new Error('Failed to connect before the deadline');
}

/** Whether the server answers within two seconds. */
export async function answers(connection: NativeConnection): Promise<boolean> {
  try {
    await connection.withDeadline(Date.now() + 2_000, () => connection.workflowService.getSystemInfo({}));
    return true;
  } catch {
    return false;
  }
}
