import proto from '@temporalio/proto';
import type { RunSnapshot, StepSnapshot } from '../definition/snapshot.js';
import type { RawDescription } from './info.js';

const { PENDING_ACTIVITY_STATE_SCHEDULED } = proto.temporal.api.enums.v1.PendingActivityState;

/**
 * The steps with the attempts that running ones have made so far. The run itself learns of them only when a step ends.
 * A step whose activity has another id than it, because its own is too long for one, stays as it is.
 */
export function withAttempts(steps: RunSnapshot['steps'], description: RawDescription): RunSnapshot['steps'] {
  const attempts = new Map<string, number>();
  for (const { activityId, attempt, state } of description.pendingActivities ?? []) {
    const waits = state === PENDING_ACTIVITY_STATE_SCHEDULED;
    attempts.set(activityId ?? '', Math.max(0, (attempt ?? 1) - (waits ? 1 : 0)));
  }
  return Object.fromEntries(
    Object.entries(steps).map(([id, step]): [string, StepSnapshot] => {
      const made = step.status === 'running' ? attempts.get(id) : undefined;
      return [id, made === undefined ? step : { ...step, attempts: made }];
    }),
  );
}
