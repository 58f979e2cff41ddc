import { WorkflowUpdateFailedError, WorkflowNotFoundError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { UPDATES } from '../definition/messages.js';
import { ANSWER_TIMEOUT_MS } from './ask.js';
import { describe } from './info.js';
import { isUnanswered, noAnswer, translate } from './rpc.js';
import type { Session } from './session.js';

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
  const { name, argument, updateId } = update;
  const handle = session.client.workflow.getHandle(runId);
  const options = updateId === undefined ? {} : { updateId };
  try {
    await session.client.withDeadline(Date.now() + ANSWER_TIMEOUT_MS, () =>
      argument === undefined
        ? handle.executeUpdate<unknown, []>(name, options)
        : handle.executeUpdate<unknown, [Argument]>(name, { ...options, args: [argument] }),
    );
  } catch (error) {
    throw await refusal(session, runId, update, error);
  }
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
