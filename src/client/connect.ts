import { Client, Connection } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { loadTemporalConfig, type TemporalConfig, type TemporalOptions } from '../temporal/config.js';
import { GRPC, toTemporalError } from '../temporal/errors.js';
import type { Tracing } from '../temporal/tracing.js';
import { retriesUntilClosed } from './interceptors.js';
import { grpcCode } from './rpc.js';

/** A page of a history holds several payloads of up to 2 MB; gRPC takes 4 MB unless told otherwise. */
const MOST_RECEIVED_BYTES = 128 * 1024 * 1024;

/** Where the Temporal server is and how to read what it keeps; what is absent comes from the environment or profile. */
export interface ConnectOptions extends TemporalOptions {
  /** How long to try, in milliseconds. Default: 10,000. */
  connectTimeoutMs?: number;
  /** Codec and external storage, the same as the workers': `createDataConverter`. Default: neither. */
  dataConverter?: DataConverter;
  /** Traces of the runs that are started, as `openTracing` gives them. Default: none. */
  tracing?: Tracing;
}

/** A connected client and where it is connected to. */
export interface Connected {
  client: Client;
  connection: Connection;
  address: string;
  namespace: string;
}

/**
 * Connects and looks whether the namespace is there.
 * Throws `NO_TEMPORAL_SERVER`, `NAMESPACE_NOT_FOUND`, `TEMPORAL_UNAUTHORIZED`.
 */
export async function connectTemporal(options: ConnectOptions): Promise<Connected> {
  const config = loadTemporalConfig(options);
  const connection = await open(config, options.connectTimeoutMs ?? 10_000);
  try {
    await connection.withDeadline(Date.now() + (options.connectTimeoutMs ?? 10_000), () =>
      connection.workflowService.describeNamespace({ namespace: config.namespace }),
    );
  } catch (error) {
    // A key may be good for runs and not for looking at the namespace; the first call tells.
    if (grpcCode(error) !== GRPC.PERMISSION_DENIED) {
      await connection.close();
      throw toTemporalError(error, config);
    }
  }
  const { dataConverter, tracing } = options;
  const client = new Client({
    connection,
    namespace: config.namespace,
    ...(dataConverter && { dataConverter }),
    ...(tracing && { plugins: [tracing.plugin] }),
  });
  return { client, connection, address: config.address, namespace: config.namespace };
}

async function open(config: TemporalConfig, connectTimeoutMs: number): Promise<Connection> {
  const connection = Connection.lazy({
    ...config.connectionOptions,
    interceptors: retriesUntilClosed(),
    channelArgs: { 'grpc.max_receive_message_length': MOST_RECEIVED_BYTES },
    connectTimeout: connectTimeoutMs,
  });
  try {
    await connection.ensureConnected();
    return connection;
  } catch (error) {
    await connection.close();
    throw toTemporalError(error, config);
  }
}
