import type { ApplicationFailure } from '@temporalio/common';
import { AnswerRefusedError, StepNotWaitingError, type Problem } from '../definition/errors.js';
import { isObject, own, type JsonValue } from '../definition/json.js';
import { UPDATES, type Answer } from '../definition/messages.js';
import type { StepSnapshot } from '../definition/snapshot.js';
import { persistently } from './persistently.js';
import type { Session } from './session.js';
import { snapshotOf } from './snapshot.js';
import { sendUpdate, type UpdateOptions } from './update.js';

export interface AnswerOptions extends UpdateOptions {
  /** The element of a fan-out that waits. */
  index?: number;
}

/** Elements, or steps of children, that a hint names. */
const MOST_NAMED = 5;

/** Answers a waiting step of a run, or an element of it. */
export async function answerStep(
  session: Session,
  runId: string,
  stepId: string,
  value: JsonValue,
  { index, ...options }: AnswerOptions,
): Promise<void> {
  try {
    await persistently(session, runId, {
      send: () =>
        sendUpdate<Answer>(session, runId, {
          ...options,
          name: UPDATES.answer,
          argument: { step_id: stepId, ...(index === undefined ? {} : { index }), value },
          refused: (refusal) => refusedAnswer(stepId, index, refusal),
          ended: () => new StepNotWaitingError(stepId, index),
        }),
      refused: (error) => error instanceof StepNotWaitingError,
      stepId,
      fits: (step) => waits(step, index),
    });
  } catch (error) {
    if (!(error instanceof StepNotWaitingError)) throw error;
    throw new StepNotWaitingError(stepId, index, await whatWaits(session, runId, stepId));
  }
}

function waits({ status, items }: StepSnapshot, index: number | undefined): boolean {
  if (index === undefined) return status === 'waiting_for_input' && items === undefined;
  return items?.waiting?.some((element) => element.index === index) === true;
}

function refusedAnswer(stepId: string, index: number | undefined, { type, message, details }: ApplicationFailure): Error | undefined {
  if (type === 'STEP_NOT_WAITING') return new StepNotWaitingError(stepId, index);
  if (type !== 'ANSWER_REFUSED') return undefined;
  const element = index === undefined ? '' : `, element ${index},`;
  return new AnswerRefusedError(`The answer to step '${stepId}'${element} was refused: ${message}`, problemsOf(details?.[0]));
}

function problemsOf(problems: unknown): Problem[] {
  return Array.isArray(problems) ? problems.filter(isProblem) : [];
}

function isProblem(value: unknown): value is Problem {
  return isObject(value) && typeof value.message === 'string' && typeof value.path === 'string';
}

/** What of a step that does not wait itself waits for an answer, and how to address it. */
async function whatWaits(session: Session, runId: string, stepId: string): Promise<string | undefined> {
  try {
    const { steps } = await snapshotOf(session, runId);
    const step = own(steps, stepId);
    return step && describeWaiting(stepId, step);
  } catch {
    // The refusal is what counts.
    return undefined;
  }
}

function describeWaiting(stepId: string, { items, child }: StepSnapshot): string | undefined {
  const elements = items?.waiting ?? [];
  if (elements.length > 0) {
    const named = list(elements.map(({ index }) => `${stepId}[${index}]`));
    return `Elements of it wait: ${named}. Answer one with its index.`;
  }
  const inside = [...(child?.waiting ?? []), ...(items?.children ?? []).flatMap((each) => each.waiting ?? [])];
  if (inside.length === 0) return undefined;
  const named = list(inside.map(({ run_id, step_id, index }) => `step '${step_id}'${index === undefined ? '' : `[${index}]`} of run '${run_id}'`));
  return `It runs another workflow, of which this waits: ${named}. Answer it on that run.`;
}

function list(names: readonly string[]): string {
  const rest = names.length - MOST_NAMED;
  return `${names.slice(0, MOST_NAMED).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}
