import type { ApplicationFailure } from '@temporalio/common';
import { AnswerRefusedError, StepNotWaitingError, type Problem } from '../definition/errors.js';
import { isObject, type JsonValue } from '../definition/json.js';
import { UPDATES, type Answer } from '../definition/messages.js';
import type { Session } from './session.js';
import { sendUpdate, type UpdateOptions } from './update.js';

export interface AnswerOptions extends UpdateOptions {
  /** The element of a fan-out that waits. */
  index?: number;
}

/** Answers a waiting step of a run. */
export async function answerStep(
  session: Session,
  runId: string,
  stepId: string,
  value: JsonValue,
  { index, ...options }: AnswerOptions,
): Promise<void> {
  await sendUpdate<Answer>(session, runId, {
    ...options,
    name: UPDATES.answer,
    argument: { step_id: stepId, ...(index === undefined ? {} : { index }), value },
    refused: (refusal) => refusedAnswer(stepId, refusal),
    ended: () => new StepNotWaitingError(stepId),
  });
}

function refusedAnswer(stepId: string, { type, message, details }: ApplicationFailure): Error | undefined {
  if (type === 'STEP_NOT_WAITING') return new StepNotWaitingError(stepId);
  if (type !== 'ANSWER_REFUSED') return undefined;
  return new AnswerRefusedError(`The answer to step '${stepId}' was refused: ${message}`, problemsOf(details?.[0]));
}

function problemsOf(problems: unknown): Problem[] {
  return Array.isArray(problems) ? problems.filter(isProblem) : [];
}

function isProblem(value: unknown): value is Problem {
  return isObject(value) && typeof value.message === 'string' && typeof value.path === 'string';
}
