import { ApplicationFailure } from '@temporalio/common';
import { optionalTsToDate } from '@temporalio/common/lib/time.js';
import type { temporal } from '@temporalio/proto';
import proto from '@temporalio/proto';
import { isObject } from '../definition/json.js';
import { LOST_WORKER_ATTEMPTS } from '../definition/messages.js';
import type { RunSnapshot, StepSnapshot } from '../definition/snapshot.js';
import { decodeFailure } from './history.js';
import type { Described } from './info.js';
import type { Session } from './session.js';

export type RawPending = temporal.api.workflow.v1.IPendingActivityInfo;

const { PENDING_ACTIVITY_STATE_SCHEDULED } = proto.temporal.api.enums.v1.PendingActivityState;

/**
 * The steps with the attempts that running ones have made so far, why the last one failed and when the next begins. The
 * run itself learns of them only when a step ends. A step whose activity has another id than it, because its own is too
 * long for one, stays as it is.
 */
export async function withAttempts(
  session: Session,
  steps: RunSnapshot['steps'],
  { execution, raw }: Described,
): Promise<RunSnapshot['steps']> {
  const known = new Map<string, Pick<StepSnapshot, 'attempts' | 'retrying'>>();
  for (const activity of raw.pendingActivities ?? []) {
    const id = activity.activityId ?? '';
    if (!Object.hasOwn(steps, id) || steps[id]?.status !== 'running') continue;
    const waits = activity.state === PENDING_ACTIVITY_STATE_SCHEDULED;
    const attempts = Math.max(0, (activity.attempt ?? 1) - (waits ? 1 : 0));
    const retrying = await retryOf(session, execution.workflowId, activity);
    known.set(id, { attempts, ...(retrying === undefined ? {} : { retrying }) });
  }
  return Object.fromEntries(
    Object.entries(steps).map(([id, step]): [string, StepSnapshot] => [id, { ...step, ...known.get(id) }]),
  );
}

/** How an activity is tried again after a failure; undefined before its first one. */
export async function retryOf(
  session: Session,
  runId: string,
  activity: RawPending,
): Promise<Required<StepSnapshot>['retrying'] | undefined> {
  if (!activity.lastFailure) return undefined;
  const failure = await decodeFailure(session, runId, activity.lastFailure);
  const waits = activity.state === PENDING_ACTIVITY_STATE_SCHEDULED;
  const next = waits ? optionalTsToDate(activity.nextAttemptScheduleTime) : undefined;
  return {
    error: failure?.message ?? '',
    // A lost worker tells no limit.
    max_attempts: mostAttempts(failure) ?? Math.max(LOST_WORKER_ATTEMPTS, activity.attempt ?? 1),
    ...(next === undefined ? {} : { next_at: next.toISOString() }),
  };
}

function mostAttempts(failure: Error | undefined): number | undefined {
  const details: unknown = failure instanceof ApplicationFailure ? failure.details?.[0] : undefined;
  return isObject(details) && typeof details.max_attempts === 'number' ? details.max_attempts : undefined;
}
