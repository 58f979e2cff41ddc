import { RunEndedError, StepNotHeldError, StepNotSkippableError } from '../definition/errors.js';
import type { JsonValue } from '../definition/json.js';
import { UPDATES, type RetryStep, type SkipStep } from '../definition/messages.js';
import { persistently } from './persistently.js';
import type { Session } from './session.js';
import { snapshotOf } from './snapshot.js';
import { sendUpdate, type UpdateOptions } from './update.js';

export interface RetryStepOptions extends UpdateOptions {
  /** The element of a fan-out that failed. */
  index?: number;
}

export interface SkipStepOptions extends UpdateOptions {
  /** The element of a fan-out to skip. */
  index?: number;
  /** What `{steps.<id>}` refers to from then on; without one there is no result. */
  result?: JsonValue;
}

/** Pauses a run, or lets it go on. */
export async function pauseOrResume(session: Session, runId: string, name: 'pause' | 'resume', options: UpdateOptions): Promise<void> {
  await sendUpdate(session, runId, { ...options, name: UPDATES[name], ended: () => new RunEndedError(runId) });
}

/** Runs a failed step again for which the run holds. */
export async function retryStep(
  session: Session,
  runId: string,
  stepId: string,
  { index, ...options }: RetryStepOptions,
): Promise<void> {
  await persistently(session, runId, {
    send: () =>
      sendUpdate<RetryStep>(session, runId, {
        ...options,
        name: UPDATES.retryStep,
        argument: { step_id: stepId, ...(index === undefined ? {} : { index }) },
        refused: ({ type, message }) => (type === 'STEP_NOT_HELD' ? new StepNotHeldError(stepId, message) : undefined),
        ended: () => new StepNotHeldError(stepId, `Step '${stepId}' cannot be retried: run '${runId}' has ended`),
      }),
    refused: (error) => error instanceof StepNotHeldError,
    stepId,
    fits: ({ held, items }) => (index === undefined ? held === true : items?.failures?.some((each) => each.index === index && each.held) === true),
  });
}

/** Runs all failed steps again for which the run holds, and gives their ids. */
export async function retryHeld(session: Session, runId: string): Promise<string[]> {
  const { steps } = await snapshotOf(session, runId);
  const held = Object.keys(steps).filter((id) => steps[id]?.held === true);
  for (const stepId of held) await retryStep(session, runId, stepId, {});
  return held;
}

/** Settles a step that has not run, waits, is blocked or is held. */
export async function skipStep(
  session: Session,
  runId: string,
  stepId: string,
  { index, result, ...options }: SkipStepOptions,
): Promise<void> {
  await persistently(session, runId, {
    send: () =>
      sendUpdate<SkipStep>(session, runId, {
        ...options,
        name: UPDATES.skipStep,
        argument: {
          step_id: stepId,
          ...(index === undefined ? {} : { index }),
          ...(result === undefined ? {} : { result }),
        },
        refused: ({ type, message }) => (type === 'STEP_NOT_SKIPPABLE' ? new StepNotSkippableError(stepId, message) : undefined),
        ended: () => new StepNotSkippableError(stepId, `Step '${stepId}' cannot be skipped: run '${runId}' has ended`),
      }),
    refused: (error) => error instanceof StepNotSkippableError,
    stepId,
    fits: (step) => index === undefined && step.items === undefined && (step.held === true || step.status === 'waiting_for_input' || step.status === 'blocked'),
  });
}
