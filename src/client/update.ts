import { randomUUID } from 'node:crypto';
import { WorkflowUpdateFailedError, WorkflowNotFoundError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { UPDATES } from '../definition/messages.js';
import { ANSWER_TIMEOUT_MS } from './ask.js';
import { GRPC } from '../temporal/errors.js';
import { describe } from './info.js';
import { grpcCode, isUnanswered, noAnswer, pause, translate } from './rpc.js';
import type { Session } from './session.js';

/** How long to wait before an update is sent again. */
const RETRY_MS = 200;

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
 * Sends an update and waits until the run has taken it. Throws what `refused` or `ended` make of a refusal, and
 * `NO_WORKER` when no worker answers within 10 s: nothing is stored then, but a server that still remembers it delivers
 * it to a worker that comes soon. Sent again with the same update id it counts once.
 */
export async function sendUpdate<Argument>(session: Session, runId: string, update: Update<Argument>): Promise<void> {
  const { name, argument, updateId = randomUUID() } = update;
  const handle = session.client.workflow.getHandle(runId);
  const deadline = Date.now() + ANSWER_TIMEOUT_MS;
  for (;;) {
    try {
      await session.client.withDeadline(deadline, () =>
        argument === undefined
          ? handle.executeUpdate<unknown, []>(name, { updateId })
          : handle.executeUpdate<unknown, [Argument]>(name, { updateId, args: [argument] }),
      );
      return;
    } catch (error) {
      if (!isBetweenTasks(error) || Date.now() + RETRY_MS > deadline) throw await refusal(session, runId, update, error);
    }
    await pause(RETRY_MS, session.closed);
  }
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
    return update.refused?.(cause) ?? cause;
  }
  if (error instanceof WorkflowNotFoundError) {
    // The server says the same of a run that has ended as of one that never was.
    await describe(session, runId);
    return update.ended();
  }
  return isUnanswered(error) ? noAnswer(session, error) : translate(session, error, runId);
}
