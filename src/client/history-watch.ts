import type { temporal } from '@temporalio/proto';
import type { HistoryEvent } from './history.js';

type Payloads = temporal.api.common.v1.IPayloads | null | undefined;

/** An activity that history shows as scheduled and not ended. */
export interface PendingActivity {
  activityId: string;
  input: Payloads;
  /** Milliseconds since the epoch at which it was seen here. */
  seenAt: number;
}

/** What a page of history means to those who watch a run. */
export interface Seen {
  /** A workflow task was completed, so the run may have something new to tell. */
  progressed: boolean;
  /** The execution ended. */
  closed: boolean;
  /** The execution goes on as this one. */
  continuedAs?: string;
}

/** Reads event types only, and keeps the activities that are pending. */
export class HistoryWatch {
  readonly pending = new Map<string, PendingActivity>();

  read(events: readonly HistoryEvent[]): Seen {
    const seen: Seen = { progressed: false, closed: false };
    for (const event of events) this.#readOne(event, seen);
    return seen;
  }

  #readOne(event: HistoryEvent, seen: Seen): void {
    const scheduled = event.activityTaskScheduledEventAttributes;
    if (scheduled) {
      const activity = { activityId: scheduled.activityId ?? '', input: scheduled.input, seenAt: Date.now() };
      this.pending.set(String(event.eventId), activity);
    } else if (event.workflowTaskCompletedEventAttributes) {
      seen.progressed = true;
    } else if (event.workflowExecutionContinuedAsNewEventAttributes) {
      seen.continuedAs = event.workflowExecutionContinuedAsNewEventAttributes.newExecutionRunId ?? '';
      this.pending.clear();
    } else if (isClose(event)) {
      seen.closed = true;
    } else {
      const ended =
        event.activityTaskCompletedEventAttributes ??
        event.activityTaskFailedEventAttributes ??
        event.activityTaskTimedOutEventAttributes ??
        event.activityTaskCanceledEventAttributes;
      if (ended) this.pending.delete(String(ended.scheduledEventId));
    }
  }
}

function isClose(event: HistoryEvent): boolean {
  return Boolean(
    event.workflowExecutionCompletedEventAttributes ??
      event.workflowExecutionFailedEventAttributes ??
      event.workflowExecutionCanceledEventAttributes ??
      event.workflowExecutionTerminatedEventAttributes ??
      event.workflowExecutionTimedOutEventAttributes,
  );
}
