import { randomUUID } from 'node:crypto';
import { isGrpcServiceError, WorkflowUpdateFailedError, WorkflowNotFoundError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { codes, type Code } from '../definition/codes.js';
import { DEEPEST_VALUE, nestsWithin } from '../definition/depth.js';
import { DistriError, InvalidInputError } from '../definition/errors.js';
import { mostValueBytes, type UPDATES } from '../definition/messages.js';
import { idProblem } from './id-problem.js';
import { ANSWER_TIMEOUT_MS } from './ask.js';
import { unanswered } from './engine-error.js';
import { GRPC } from '../temporal/errors.js';
import { describe } from './info.js';
import { isCrowded } from './interceptors.js';
import { grpcCode, isUnanswered, pause, translate } from './rpc.js';
import type { Session } from './session.js';
import { hasStorage } from './start-request.js';
import { inTurn, overloaded } from './update-turns.js';

/** How long to wait before an update is sent again: at first, and at most. */
const RETRY_MS = 200;
const LONGEST_RETRY_MS = 2_000;
/** How long a run may be told too much at once before an update is given up. */
const PATIENCE_MS = 30_000;
const LONGEST_ID = 1_000;

export interface UpdateOptions {
  /** Makes the same message, sent again, count once. Default: a new one per call. */
  updateId?: string;
}

/** A message for a run, which its interpreter accepts or refuses. */
export interface Update<Argument> extends UpdateOptions {
  readonly name: (typeof UPDATES)[keyof typeof UPDATES];
  readonly argument?: Argument;
  /** The error for a refusal by its type; undefined: as it is. */
  readonly refused?: (refusal: ApplicationFailure) => Error | undefined;
  /** The error for a run that has ended. */
  readonly ended: () => Error;
}

/**
 * Sends an update and waits until the run has taken it. Throws what `refused` or `ended` make of a refusal,
 * `INPUT_TOO_LARGE` for what fits no history, `OVERLOADED` when the run is told too much at once, `ENGINE_ERROR`, and
 * `NO_WORKER` when no worker answers within 10 s: nothing is stored then, but a server that still remembers it delivers
 * it to a worker that comes soon. Sent again with the same update id it counts once.
 */
export async function sendUpdate<Argument>(session: Session, runId: string, update: Update<Argument>): Promise<void> {
  const updateId = checkedId(update.updateId ?? randomUUID());
  await inTurn(session, runId, checkedSize(session, update), () => deliver(session, runId, updateId, update));
}

async function deliver<Argument>(session: Session, runId: string, updateId: string, update: Update<Argument>): Promise<void> {
  const { name, argument } = update;
  const handle = session.client.workflow.getHandle(runId);
  const begun = Date.now();
  for (let wait = RETRY_MS; ; wait = Math.min(2 * wait, LONGEST_RETRY_MS)) {
    const deadline = Date.now() + ANSWER_TIMEOUT_MS;
    try {
      await session.client.withDeadline(deadline, () =>
        argument === undefined
          ? handle.executeUpdate<unknown, []>(name, { updateId })
          : handle.executeUpdate<unknown, [Argument]>(name, { updateId, args: [argument] }),
      );
      return;
    } catch (error) {
      const crowded = isOverload(error);
      if (!crowded && !isBetweenTasks(error)) throw await refusal(session, runId, update, error);
      if (Date.now() + wait > begun + (crowded ? PATIENCE_MS : ANSWER_TIMEOUT_MS)) {
        throw crowded ? overloaded(runId, error) : await refusal(session, runId, update, error);
      }
    }
    await pause(wait, session.closed);
  }
}

function checkedId(updateId: string): string {
  const wrong = idProblem(updateId, LONGEST_ID);
  if (wrong !== undefined) throw new InvalidInputError('BAD_ID', `The update id ${wrong}; choose another one`);
  return updateId;
}

function checkedSize<Argument>(session: Session, { name, argument }: Update<Argument>): number {
  const storage = hasStorage(session);
  if (!nestsWithin(argument ?? null, DEEPEST_VALUE)) {
    throw new InvalidInputError('INVALID_INPUT', `The update '${name}' is nested deeper than the ${DEEPEST_VALUE} levels that values may have`);
  }
  const bytes = argument === undefined ? 0 : Buffer.byteLength(JSON.stringify(argument));
  const most = mostValueBytes(storage);
  if (bytes <= most) return bytes;
  throw new InvalidInputError('INPUT_TOO_LARGE', `The update '${name}' has ${bytes} bytes; at most ${most} fit${storage ? '' : ' without external storage'}`);
}

/** Whether the run has left an update out of a workflow task that would have become too large. */
function isLeftOut(cause: unknown): boolean {
  if (cause instanceof ApplicationFailure && cause.type === 'OVERLOADED') return true;
  // What the server says of an update that the workflow task did not speak of.
  return cause instanceof Error && /wasn't processed by worker/i.test(cause.message);
}

/** Whether there was no room for the update beside others: at the server, or in the workflow task. */
function isOverload(error: unknown): boolean {
  if (error instanceof WorkflowUpdateFailedError) return isLeftOut(error.cause);
  const status = error instanceof Error && isGrpcServiceError(error.cause) ? error.cause : error;
  return isGrpcServiceError(status) && isCrowded(status);
}

/**
 * Whether the server had to let go of the update because the run was just about to continue as new, whose end the update has
 * overtaken: the run is there, and takes it when it is sent again.
 */
function isBetweenTasks(error: unknown): boolean {
  return grpcCode(error) === GRPC.FAILED_PRECONDITION;
}

async function refusal<Argument>(session: Session, runId: string, update: Update<Argument>, error: unknown): Promise<Error> {
  if (error instanceof WorkflowUpdateFailedError) {
    const { cause } = error;
    if (!(cause instanceof ApplicationFailure)) return cause ?? error;
    return update.refused?.(cause) ?? known(cause);
  }
  if (error instanceof WorkflowNotFoundError) {
    // The server says the same of a run that has ended as of one that never was.
    await describe(session, runId);
    return update.ended();
  }
  return isUnanswered(error) ? unanswered(session, runId, error) : translate(session, error, runId);
}

/** A refusal with a code of ours as an error of ours. */
function known(refused: ApplicationFailure): Error {
  const { type, message } = refused;
  return type != null && Object.hasOwn(codes, type) ? new DistriError(type as Code, message, { cause: refused }) : refused;
}
