import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { ServiceError, WorkflowNotFoundError } from '@temporalio/client';
import { DistriError, RunNotFoundError } from '../definition/errors.js';
import { GRPC, grpcCode as codeOf, toTemporalError } from '../temporal/errors.js';
import type { Session } from './session.js';

const TRANSIENT = new Set<number>([
  GRPC.CANCELLED,
  GRPC.UNKNOWN,
  GRPC.DEADLINE_EXCEEDED,
  GRPC.RESOURCE_EXHAUSTED,
  GRPC.ABORTED,
  GRPC.INTERNAL,
  GRPC.UNAVAILABLE,
]);

/** The gRPC status of an error or of its cause. */
export function grpcCode(error: unknown): number | undefined {
  return codeOf(error) ?? (error instanceof Error && error.cause !== undefined ? grpcCode(error.cause) : undefined);
}

/** Whether the same call may succeed later, as when the server restarts. */
export function isTransient(error: unknown): boolean {
  const code = grpcCode(error);
  return code !== undefined && TRANSIENT.has(code);
}

/** Whether the server does not take a token any more by which a reading of a history goes on: it must begin anew. */
export function isStaleToken(error: unknown): boolean {
  return grpcCode(error) === GRPC.INVALID_ARGUMENT && /branch tokens?|versioned transitions?|page ?token/i.test(textOf(error));
}

const UNANSWERED = new Set<number | undefined>([GRPC.DEADLINE_EXCEEDED, GRPC.CANCELLED, GRPC.FAILED_PRECONDITION]);

/** Whether a workflow was asked and no worker answered for it, as far as the error tells; see {@link noAnswer}. */
export function isUnanswered(error: unknown): boolean {
  return UNANSWERED.has(grpcCode(error));
}

/** Waits; returns early, without an error, when the signal is aborted. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}

/**
 * Makes a call that ends with the signal. The connection keeps its listener on the signal that it is given, so a
 * long-lived signal gets one listener here, which is taken off again.
 */
export async function abortable<T>(session: Session, signal: AbortSignal, call: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  const controller = new AbortController();
  // The connection adds one listener for each time that it tries: in an outage more than Node thinks healthy.
  setMaxListeners(0, controller.signal);
  const abort = (): void => controller.abort(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    // The abort reaches the first try of a call only: one that is tried again in an outage would go on.
    return await raceAbort(session.client.withAbortSignal(controller.signal, call), signal);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** The promise's value; throws the signal's reason when that is aborted before. */
export async function raceAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let abort = (): void => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    abort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/**
 * The same promise, which may go without a handler once the client is closed: who closes it knows that nothing is waited
 * for any more, and must not lose the process for a promise that is looked at later or never.
 */
export function forgivenAtClose<T>({ closed }: Session, promise: Promise<T>): Promise<T> {
  const forgive = (): void => void kept.catch(() => undefined);
  const kept = promise.finally(() => closed.removeEventListener('abort', forgive));
  closed.addEventListener('abort', forgive, { once: true });
  if (closed.aborted) forgive();
  return kept;
}

/** What was stored needs another codec or storage than this client has: `CODEC_MISMATCH`, or what the storage says. */
export function unreadable(cause: unknown): DistriError {
  if (cause instanceof DistriError) return cause;
  const reason = cause instanceof Error ? `: ${cause.message}` : '';
  return new DistriError('CODEC_MISMATCH', `A payload of the run cannot be read${reason}`, {
    cause,
    hint: 'Give this program the same codec, keys and external storage as the workers.',
  });
}

/**
 * The error that a caller should see for a failed call about one run. What is no error of the server came from
 * reading a payload.
 */
export function translate(session: Session, error: unknown, runId: string): Error {
  if (error instanceof WorkflowNotFoundError) return new RunNotFoundError(runId);
  const known = toTemporalError(error, session);
  if (known instanceof DistriError) return known;
  const code = grpcCode(error);
  if (code === GRPC.NOT_FOUND) return new RunNotFoundError(runId);
  // The server refuses to look for what cannot be an id.
  if (code === GRPC.INVALID_ARGUMENT && /workflow ?id/i.test(textOf(error))) return new RunNotFoundError(runId);
  if (code === GRPC.DEADLINE_EXCEEDED) return noServer(session, error);
  if (code !== undefined || error instanceof ServiceError || known.name === 'AbortError') return known;
  return unreadable(error);
}

/** How long the server may take for a call that it can answer at once, retries and all. */
const CALL_TIMEOUT_MS = 10_000;

/** Makes a call that the server answers at once, if it answers at all. */
export function timed<T>(session: Session, call: () => Promise<T>): Promise<T> {
  return session.client.withDeadline(Date.now() + CALL_TIMEOUT_MS, call);
}

/** The messages of an error and its causes. */
function textOf(error: unknown): string {
  return error instanceof Error ? `${error.message} ${textOf(error.cause)}` : '';
}

function noServer({ address }: Session, cause: unknown): DistriError {
  return new DistriError('NO_TEMPORAL_SERVER', `The Temporal server at ${address} does not answer in time`, {
    cause,
    hint: 'The runs are safe in the server; try again when it answers.',
  });
}

/** `NO_WORKER`, or `NO_TEMPORAL_SERVER` when it is the server that does not answer. */
export async function noAnswer(session: Session, cause: unknown): Promise<DistriError> {
  try {
    await session.client.withDeadline(Date.now() + 5_000, () => session.client.workflowService.getSystemInfo({}));
  } catch {
    return noServer(session, cause);
  }
  const queue = `task queue '${session.queuePrefix}', namespace '${session.namespace}'`;
  return new DistriError('NO_WORKER', `No engine worker answered (${queue})`, {
    cause,
    hint: 'Start one with `distri-workflow worker` or `distri-workflow dev`; the run itself is safe and goes on then.',
  });
}

/** Asks the server for the namespace. */
export async function pingNamespace(session: Session): Promise<void> {
  const { client, namespace } = session;
  try {
    await timed(session, () => client.workflowService.describeNamespace({ namespace }));
  } catch (error) {
    throw translate(session, error, '');
  }
}
