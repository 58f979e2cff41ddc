import { WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { AnswerRefusedError, StepNotWaitingError, type Problem } from '../definition/errors.js';
import { isObject, type JsonValue } from '../definition/json.js';
import { UPDATES, type Answer } from '../definition/messages.js';
import { GRPC } from '../temporal/errors.js';
import { ANSWER_TIMEOUT_MS } from './ask.js';
import { describe } from './info.js';
import { grpcCode, noAnswer, translate } from './rpc.js';
import type { Session } from './session.js';

export interface AnswerOptions {
  /** The element of a fan-out that waits. */
  index?: number;
  /** Makes the same answer, sent again, count once. Default: a new one per call. */
  updateId?: string;
}

/** Answers a waiting step of a run. */
export async function answerStep(
  session: Session,
  runId: string,
  stepId: string,
  value: JsonValue,
  options: AnswerOptions,
): Promise<void> {
  const { index, updateId } = options;
  const answer: Answer = { step_id: stepId, ...(index === undefined ? {} : { index }), value };
  const handle = session.client.workflow.getHandle(runId);
  try {
    await session.client.withDeadline(Date.now() + ANSWER_TIMEOUT_MS, () =>
      handle.executeUpdate<unknown, [Answer]>(UPDATES.answer, {
        args: [answer],
        ...(updateId === undefined ? {} : { updateId }),
      }),
    );
  } catch (error) {
    throw await refusal(session, runId, stepId, error);
  }
}

async function refusal(session: Session, runId: string, stepId: string, error: unknown): Promise<Error> {
  if (error instanceof WorkflowUpdateFailedError) {
    const { cause } = error;
    if (!(cause instanceof ApplicationFailure)) return cause ?? error;
    if (cause.type === 'STEP_NOT_WAITING') return new StepNotWaitingError(stepId);
    if (cause.type === 'ANSWER_REFUSED') {
      return new AnswerRefusedError(`The answer to step '${stepId}' was refused: ${cause.message}`, problemsOf(cause));
    }
    return cause;
  }
  if (error instanceof WorkflowNotFoundError) {
    // The server says the same of a run that has ended as of one that never was.
    await describe(session, runId);
    return new StepNotWaitingError(stepId);
  }
  const code = grpcCode(error);
  const unanswered = code === GRPC.DEADLINE_EXCEEDED || code === GRPC.CANCELLED || code === GRPC.FAILED_PRECONDITION;
  return unanswered ? noAnswer(session, error) : translate(session, error, runId);
}

function problemsOf(failure: ApplicationFailure): Problem[] {
  const problems: unknown = failure.details?.[0];
  return Array.isArray(problems) ? problems.filter(isProblem) : [];
}

function isProblem(value: unknown): value is Problem {
  return isObject(value) && typeof value.message === 'string' && typeof value.path === 'string';
}
