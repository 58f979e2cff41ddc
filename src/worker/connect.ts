import { NativeConnection } from '@temporalio/worker';
import { DistriError } from '../definition/errors.js';
import type { TemporalConnectionOptions } from '../temporal/config.js';
import { toTemporalError } from '../temporal/errors.js';
import type { CompiledOptions } from './options.js';
import { TooLateError, within } from './within.js';

const CONNECT_MS = 10_000;
const CALL_MS = 5_000;

/**
 * Opens the worker's connection, or takes the one that was given, and looks for the namespace.
 * @throws DistriError `NO_TEMPORAL_SERVER`, `NAMESPACE_NOT_FOUND` or `TEMPORAL_UNAUTHORIZED`
 */
export async function connect({ temporal, connection: given }: CompiledOptions): Promise<NativeConnection> {
  try {
    const connection = given ?? (await open(temporal.connectionOptions));
    try {
      await within(CALL_MS, connection.workflowService.describeNamespace({ namespace: temporal.namespace }));
    } catch (error) {
      if (connection !== given) await connection.close();
      throw error;
    }
    return connection;
  } catch (error) {
    if (!(error instanceof TooLateError)) throw toTemporalError(error, temporal);
    throw new DistriError('NO_TEMPORAL_SERVER', `No Temporal server answers at ${temporal.address}: ${error.message}`, {
      hint: 'Check that the server runs, and that nothing between here and there swallows the connection.',
    });
  }
}

async function open(options: TemporalConnectionOptions): Promise<NativeConnection> {
  const opening = NativeConnection.connect(options);
  try {
    return await within(CONNECT_MS, opening);
  } catch (error) {
    // It may open after all: nobody would use it.
    void opening.then((late) => late.close()).catch(() => undefined);
    throw error;
  }
}

/** Whether the server answers within two seconds. */
export async function answers(connection: NativeConnection): Promise<boolean> {
  try {
    await within(2_000, connection.workflowService.getSystemInfo({}));
    return true;
  } catch {
    return false;
  }
}
