import { LOST_WORKER_ATTEMPTS } from '../definition/messages.js';
import type { RunEvent } from '../definition/snapshot.js';
import { retryOf, type RawPending } from './attempts.js';
import type { PendingActivity } from './history-watch.js';
import { describe } from './info.js';
import { isEngineActivity, taskOf } from './retell.js';
import type { Session } from './session.js';

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
  const retry = await retryOf(session, runId, activity);
  return {
    event: 'step_retrying',
    at: new Date().toISOString(),
    workflow_id: task.workflow_id,
    step_id: task.step_id ?? scheduled.activityId,
    ...(task.index === undefined ? {} : { index: task.index }),
    attempt: activity.attempt ?? 1,
    max_attempts: retry?.max_attempts ?? LOST_WORKER_ATTEMPTS,
    next_in_secs: retry?.next_at === undefined ? 0 : Math.max(0, (Date.parse(retry.next_at) - Date.now()) / 1000),
    error: retry?.error ?? '',
  };
}
