import type { JsonValue } from '../../definition/json.js';
import type { ChildSnapshot, ItemsSnapshot, LoggedEvent, Retrying } from '../../definition/snapshot.js';

/** When a failed attempt is made again. Times are milliseconds since the epoch. */
export interface RetryView {
  attempt: number;
  maxAttempts: number;
  dueAt: number;
  error: string;
}

export interface FailedElement {
  error: string;
  held: boolean;
}

export interface WaitingElement {
  message: string;
  schema?: JsonValue;
}

/** A fan-out as the terminal shows it; elements by their position. */
export interface ItemsView {
  /** Unknown until the fan-out has told. */
  total?: number;
  done: number;
  failed: number;
  readonly failures: Map<number, FailedElement>;
  readonly waiting: Map<number, WaitingElement>;
  /** How many more wait than the snapshot held. */
  waitingMore?: number;
  /** Children that have told how they stand. */
  readonly children: Map<number, ChildSnapshot>;
  readonly retrying: Map<number, RetryView>;
}

export function emptyItems(): ItemsView {
  return { done: 0, failed: 0, failures: new Map(), waiting: new Map(), children: new Map(), retrying: new Map() };
}

export function itemsOfSnapshot({ total, done, failed, failures, waiting, waiting_total, children, retrying }: ItemsSnapshot): ItemsView {
  return {
    ...(waiting_total === undefined ? {} : { waitingMore: waiting_total - (waiting?.length ?? 0) }),
    total,
    done,
    failed,
    failures: new Map((failures ?? []).map(({ index, error, held }) => [index, { error, held: held === true }])),
    waiting: new Map((waiting ?? []).map(({ index, ...element }) => [index, element])),
    children: new Map((children ?? []).map(({ index, ...child }) => [index, child])),
    retrying: new Map((retrying ?? []).map(({ index, attempts, ...retry }) => [index, retryOf(attempts, retry)])),
  };
}

export function retryOf(made: number, { error, max_attempts, next_at }: Retrying): RetryView {
  const dueAt = next_at === undefined ? 0 : Date.parse(next_at);
  return { attempt: made + (next_at === undefined ? 0 : 1), maxAttempts: max_attempts, dueAt, error };
}

/** Puts an event about a fan-out, or an element of it, into the view; false for events of the step as a whole. */
export function applyToItems(items: ItemsView, event: LoggedEvent): boolean {
  switch (event.event) {
    case 'step_progress':
      items.total = event.total;
      items.done = event.done;
      items.failed = event.failed;
      return true;
    case 'step_item_failed':
      forget(items, event.index);
      items.failures.set(event.index, { error: event.error, held: event.held === true });
      items.failed = Math.max(items.failed, items.failures.size);
      return true;
    case 'step_waiting':
      if (event.index === undefined) return false;
      items.waiting.set(event.index, { message: event.message, schema: event.schema });
      return true;
    case 'step_retried':
      if (event.index === undefined) return false;
      if (items.failures.delete(event.index)) items.failed -= 1;
      return true;
    case 'step_child':
      if (event.index === undefined) return false;
      items.children.set(event.index, childOfEvent(event));
      return true;
    default:
      return false;
  }
}

export function childOfEvent(event: Extract<LoggedEvent, { event: 'step_child' }>): ChildSnapshot {
  const { child_run_id, child_status, missing, waiting } = event;
  return { run_id: child_run_id, status: child_status, ...(missing && { missing }), ...(waiting && { waiting }) };
}

function forget(items: ItemsView, index: number): void {
  for (const open of [items.waiting, items.children, items.retrying]) open.delete(index);
}

/** The fan-out is settled: nothing of it is open. `results`: how many it has, when it is done. */
export function settleItems(items: ItemsView, results: number | undefined): void {
  for (const open of [items.waiting, items.children, items.retrying]) open.clear();
  delete items.waitingMore;
  for (const failure of items.failures.values()) failure.held = false;
  if (results === undefined) return;
  items.total = results;
  items.done = Math.max(0, results - items.failed);
}

/** How many elements wait for an answer. */
export function waitingCount({ waiting, waitingMore = 0 }: ItemsView): number {
  return waiting.size + waitingMore;
}

/** Whether something of it is open whose end its events do not tell. */
export function hasOpenElements({ failures, waiting, children, retrying }: ItemsView): boolean {
  return waiting.size > 0 || children.size > 0 || retrying.size > 0 || [...failures.values()].some(({ held }) => held);
}
