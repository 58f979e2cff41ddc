import { optionalTsToMs } from '@temporalio/common/lib/time.js';
import type { temporal } from '@temporalio/proto';
import type { RunEvent } from '../definition/snapshot.js';
import { decodeFailure } from './history.js';
import type { PendingActivity } from './history-watch.js';
import { describe } from './info.js';
import { isEngineActivity, taskOf } from './retell.js';
import type { Session } from './session.js';

type RawPending = temporal.api.workflow.v1.IPendingActivityInfo;
type Retrying = Extract<RunEvent, { event: 'step_retrying' }>;

/**
 * `step_retrying` for each step whose activity is at a new attempt above its first, read from a describe.
 * `known` holds the attempt last told, by activity id, and is brought up to date.
 */
export async function retryingEvents(
  session: Session,
  runId: string,
  pending: ReadonlyMap<string, PendingActivity>,
  known: Map<string, number>,
): Promise<Retrying[]> {
  const { raw } = await describe(session, runId);
  const activities = raw.pendingActivities ?? [];
  const ids = new Set(activities.map((activity) => activity.activityId ?? ''));
  for (const id of known.keys()) if (!ids.has(id)) known.delete(id);
  const events: Retrying[] = [];
  for (const activity of activities) {
    const id = activity.activityId ?? '';
    const attempt = activity.attempt ?? 1;
    if (attempt <= 1 || known.get(id) === attempt) continue;
    known.set(id, attempt);
    const scheduled = [...pending.values()].find((candidate) => candidate.activityId === id);
    const event = scheduled && (await retrying(session, runId, activity, scheduled));
    if (event) events.push(event);
  }
  return events;
}

/** The event; undefined for activities that belong to no step. */
async function retrying(
  session: Session,
  runId: string,
  activity: RawPending,
  scheduled: PendingActivity,
): Promise<Retrying | undefined> {
  const task = await taskOf(session, runId, scheduled.input);
  if (task === undefined || isEngineActivity(scheduled.activityId)) return undefined;
  const attempt = activity.attempt ?? 1;
  const own = task.retry?.max_attempts ?? 1;
  const next = optionalTsToMs(activity.nextAttemptScheduleTime);
  const failure = await decodeFailure(session, runId, activity.lastFailure);
  return {
    event: 'step_retrying',
    at: new Date().toISOString(),
    workflow_id: task.workflow_id,
    step_id: task.step_id ?? scheduled.activityId,
    attempt,
    // Above the step's own limit Temporal tries again only because a worker was lost.
    max_attempts: attempt <= own ? own : Math.max(activity.maximumAttempts ?? 0, attempt),
    next_in_secs: next === undefined ? 0 : Math.max(0, (next - Date.now()) / 1000),
    error: failure?.message ?? '',
  };
}
