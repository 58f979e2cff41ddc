import { ApplicationFailure } from '@temporalio/common';
import { optionalTsToDate } from '@temporalio/common/lib/time.js';
import type { temporal } from '@temporalio/proto';
import proto from '@temporalio/proto';
import { isObject, own } from '../definition/json.js';
import { LOST_WORKER_ATTEMPTS } from '../definition/messages.js';
import type { ItemsSnapshot, Retrying, RunSnapshot, StepSnapshot } from '../definition/snapshot.js';
import { decodeFailure } from './history.js';
import type { Described } from './info.js';
import type { Session } from './session.js';

export type RawPending = temporal.api.workflow.v1.IPendingActivityInfo;

const { PENDING_ACTIVITY_STATE_SCHEDULED } = proto.temporal.api.enums.v1.PendingActivityState;
/** Elements of a fan-out that a snapshot lists. */
const MOST_ELEMENTS = 100;

/**
 * The steps with the attempts that running ones, and elements of them, have made so far, why the last one failed and when
 * the next begins. The run itself learns of them only when a step ends. A step whose activity has another id than it,
 * because its own is too long for one or ends like one that the engine makes, stays as it is.
 */
export async function withAttempts(
  session: Session,
  steps: RunSnapshot['steps'],
  { execution, raw }: Described,
): Promise<RunSnapshot['steps']> {
  const known = new Map<string, Partial<StepSnapshot>>();
  for (const activity of raw.pendingActivities ?? []) {
    const id = activity.activityId ?? '';
    if (own(steps, id)?.status !== 'running') continue;
    const retrying = await retryOf(session, execution.workflowId, activity);
    known.set(id, { attempts: attemptsOf(activity), ...(retrying === undefined ? {} : { retrying }) });
  }
  for (const [id, elements] of failedElements(steps, raw.pendingActivities ?? [])) {
    const items = own(steps, id)?.items as ItemsSnapshot;
    const retrying = await Promise.all(elements.map((element) => retryingElement(session, execution.workflowId, element)));
    known.set(id, { items: { ...items, retrying } });
  }
  return Object.fromEntries(
    Object.entries(steps).map(([id, step]): [string, StepSnapshot] => [id, { ...step, ...known.get(id) }]),
  );
}

interface PendingElement {
  index: number;
  activity: RawPending;
}

/** The running elements that have failed before, by their step, the first hundred each: each has a failure to decode. */
function failedElements(steps: RunSnapshot['steps'], pending: readonly RawPending[]): Map<string, PendingElement[]> {
  const found = new Map<string, PendingElement[]>();
  for (const activity of pending) {
    const [, id = '', index] = /^(.+)\[(\d+)\]$/su.exec(activity.activityId ?? '') ?? [];
    if (!activity.lastFailure || index === undefined || own(steps, id)?.items === undefined) continue;
    const elements = found.get(id) ?? [];
    elements.push({ index: Number(index), activity });
    found.set(id, elements);
  }
  for (const [id, elements] of found) found.set(id, elements.sort((a, b) => a.index - b.index).slice(0, MOST_ELEMENTS));
  return found;
}

async function retryingElement(
  session: Session,
  runId: string,
  { index, activity }: PendingElement,
): Promise<Required<ItemsSnapshot>['retrying'][number]> {
  const retrying = await retryOf(session, runId, activity);
  return { index, attempts: attemptsOf(activity), ...(retrying ?? { error: '', max_attempts: LOST_WORKER_ATTEMPTS }) };
}

/** The attempts that an activity has begun. */
function attemptsOf(activity: RawPending): number {
  return Math.max(0, (activity.attempt ?? 1) - (isWaiting(activity) ? 1 : 0));
}

function isWaiting(activity: RawPending): boolean {
  return activity.state === PENDING_ACTIVITY_STATE_SCHEDULED;
}

/** How an activity is tried again after a failure; undefined before its first one. */
export async function retryOf(session: Session, runId: string, activity: RawPending): Promise<Retrying | undefined> {
  if (!activity.lastFailure) return undefined;
  const failure = await decodeFailure(session, runId, activity.lastFailure);
  const next = isWaiting(activity) ? optionalTsToDate(activity.nextAttemptScheduleTime) : undefined;
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
