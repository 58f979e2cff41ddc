import proto, { type temporal } from '@temporalio/proto';
import type { Bench } from './sides.js';

export type History = temporal.api.history.v1.IHistory;
type Event = temporal.api.history.v1.IHistoryEvent;

const { HistoryEvent } = proto.temporal.api.history.v1;

/** The history of a run or of the twin's workflow. */
export async function historyOf(bench: Bench, workflowId: string): Promise<History> {
  return bench.temporal.workflow.getHandle(workflowId).fetchHistory();
}

/** How many events all executions of a run have together. */
export async function eventsInAll(bench: Bench, workflowId: string): Promise<number> {
  let count = 0;
  for (let execution: string | undefined | null = ''; execution != null; ) {
    const history = await bench.temporal.workflow.getHandle(workflowId, execution || undefined).fetchHistory();
    count += eventsIn(history).length;
    const before: string | undefined | null = history.events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId;
    execution = before === '' ? undefined : before;
  }
  return count;
}

export function eventsIn(history: History): readonly Event[] {
  return history.events ?? [];
}

/** Bytes of a history without its first and last event, which hold the input and the end. */
export function innerBytes(history: History): number {
  return eventsIn(history)
    .slice(1, -1)
    .reduce((sum, event) => sum + HistoryEvent.encode(event).finish().length, 0);
}

function millis(event: Event | undefined): number {
  return Number(event?.eventTime?.seconds ?? 0) * 1000 + (event?.eventTime?.nanos ?? 0) / 1e6;
}

/** Milliseconds from the start of the first workflow task to its end. */
export function firstTaskMs(history: History): number {
  const events = eventsIn(history);
  const started = events.find((event) => event.workflowTaskStartedEventAttributes);
  const completed = events.find((event) => event.workflowTaskCompletedEventAttributes);
  return millis(completed) - millis(started);
}

/** How many events of each type a history has. */
export function eventTypes(history: History): Map<string, number> {
  const counts = new Map<string, number>();
  for (const event of eventsIn(history)) {
    const type = proto.temporal.api.enums.v1.EventType[event.eventType ?? 0] ?? 'unknown';
    counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  return counts;
}
