import { isGrpcServiceError, NamespaceNotFoundError } from '@temporalio/client';
import { DistriError } from '../definition/errors.js';

/** The gRPC status codes that this project tells apart. */
export const GRPC = {
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} as const;

/** The gRPC status code of an error of a client or worker connection; undefined for any other error. */
export function grpcCode(error: unknown): number | undefined {
  return isGrpcServiceError(error) ? error.code : undefined;
}

/** The server and namespace that a failed call was meant for. */
export interface TemporalTarget {
  address: string;
  namespace: string;
}

function noServer({ address }: TemporalTarget, reason: string, cause: unknown): DistriError {
  return new DistriError('NO_TEMPORAL_SERVER', `No Temporal server answers at ${address}: ${reason}`, {
    cause,
    hint: 'Check that the server runs and that TEMPORAL_ADDRESS names it (and TEMPORAL_TLS, when it wants TLS). For a server of your own on this machine, start `distri-workflow dev` or unset TEMPORAL_ADDRESS.',
  });
}

function noNamespace({ address, namespace }: TemporalTarget, cause: unknown): DistriError {
  return new DistriError('NAMESPACE_NOT_FOUND', `The Temporal server at ${address} has no namespace '${namespace}'`, {
    cause,
    hint: `Set TEMPORAL_NAMESPACE to one that exists, or add it: \`temporal operator namespace create --namespace ${namespace}\`.`,
  });
}

function unauthorized({ address, namespace }: TemporalTarget, reason: string, cause: unknown): DistriError {
  return new DistriError(
    'TEMPORAL_UNAUTHORIZED',
    `The Temporal server at ${address} refused the credentials for the namespace '${namespace}': ${reason}`,
    { cause, hint: 'Check TEMPORAL_API_KEY, or the certificate of TEMPORAL_TLS_CLIENT_CERT_PATH, and the namespace.' },
  );
}

/** The error itself and what it was caused by, outermost first. */
function causes(error: unknown): Error[] {
  const chain: Error[] = [];
  for (let next = error; next instanceof Error && chain.length < 10; next = next.cause) chain.push(next);
  return chain;
}

function fromStatus(error: Error, target: TemporalTarget): DistriError | undefined {
  const reason = error.message.replace(/^\d+ [A-Z_]+: /, '');
  switch (grpcCode(error)) {
    case GRPC.UNAVAILABLE:
      return noServer(target, reason, error);
    case GRPC.NOT_FOUND:
      return /^namespace\b/i.test(reason) ? noNamespace(target, error) : undefined;
    case GRPC.PERMISSION_DENIED:
    case GRPC.UNAUTHENTICATED:
      return unauthorized(target, reason, error);
    case GRPC.UNIMPLEMENTED:
      // A web server or a proxy: Temporal itself answers 200 and tells the rest in gRPC.
      return /HTTP status/i.test(reason) ? noServer(target, `what answers there is no Temporal server (${reason})`, error) : undefined;
    default:
      return undefined;
  }
}

/** The worker's core says what went wrong in the text of a `TransportError` only. */
function fromCore(error: Error, target: TemporalTarget): DistriError | undefined {
  if (error.name !== 'TransportError') return undefined;
  if (/code: (PermissionDenied|Unauthenticated)/.test(error.message)) return unauthorized(target, error.message, error);
  if (/NamespaceNotFoundFailure|code: NotFound/.test(error.message)) return noNamespace(target, error);
  const reason = /message: "([^"]*)"|error: "([^"]*)"/.exec(error.message);
  return noServer(target, reason?.[1] ?? reason?.[2] ?? error.message, error);
}

function recognise(error: Error, target: TemporalTarget): DistriError | undefined {
  if (error instanceof DistriError) return error;
  if (error instanceof NamespaceNotFoundError) return noNamespace(target, error);
  // What grpc-js says when `Connection.connect` runs into its time limit; it carries no code.
  if (error.message === 'Failed to connect before the deadline') return noServer(target, 'no connection in time', error);
  return isGrpcServiceError(error) ? fromStatus(error, target) : fromCore(error, target);
}

/**
 * An error of the Temporal client, worker or gRPC as our own: `NO_TEMPORAL_SERVER`, `NAMESPACE_NOT_FOUND`,
 * `TEMPORAL_UNAUTHORIZED`. An error that is about something else (a run that does not exist, a deadline of one call)
 * comes back as it is.
 */
export function toTemporalError(error: unknown, target: TemporalTarget): Error {
  for (const each of causes(error)) {
    const known = recognise(each, target);
    if (known !== undefined) return known;
  }
  return error instanceof Error ? error : new Error(String(error), { cause: error });
}
