import type { EventBody, LoggedEvent } from '../definition/snapshot.js';

/** Entries that a live run keeps. */
export const KEPT_EVENTS = 10_000;

/** A step's event without what its step knows already (label, result); `fields` holds the rest. */
export type Entry = {
  readonly seq: number;
  readonly at: number;
  readonly event: EventBody['event'];
  /** Index of the step; -1: the run. */
  readonly step: number;
  readonly fields?: object | undefined;
};

/** The run's event log: numbered from 1, newest 10,000 kept. Entries are made readable only when they are asked for. */
export class EventLog {
  #entries: Entry[] = [];
  #seq = 0;

  get lastSeq(): number {
    return this.#seq;
  }

  add(at: number, event: EventBody['event'], step: number, fields?: object): void {
    this.#seq += 1;
    this.#entries.push({ seq: this.#seq, at, event, step, fields });
    if (this.#entries.length > 2 * KEPT_EVENTS) this.#entries = this.#entries.slice(-KEPT_EVENTS);
  }

  /** Entries after `seq`, oldest first; `gap` when some of them are gone. */
  after(seq: number): { entries: readonly Entry[]; gap: boolean } {
    const kept = this.#entries.length > KEPT_EVENTS ? this.#entries.slice(-KEPT_EVENTS) : this.#entries;
    const first = kept[0]?.seq ?? this.#seq + 1;
    return { entries: kept.slice(Math.max(0, seq + 1 - first)), gap: seq + 1 < first };
  }

  /** Goes on where the log of the execution before this one ended. */
  restore(lastSeq: number, entries: readonly Entry[]): void {
    this.#seq = lastSeq;
    this.#entries = [...entries];
  }

  newest(count: number): readonly Entry[] {
    return this.#entries.slice(-count);
  }
}

/** What an entry needs from the run to be readable. */
export interface EntryReader {
  readonly workflowId: string;
  stepId(index: number): string;
  label(index: number): string;
}

const WITHOUT_LABEL = new Set<EventBody['event']>(['workflow_paused']);

/** The entry as observers see it; `step_completed` with a null in place of its result. */
export function readEntry(entry: Entry, reader: EntryReader): LoggedEvent {
  const step =
    entry.step < 0
      ? {}
      : {
          step_id: reader.stepId(entry.step),
          ...(WITHOUT_LABEL.has(entry.event) ? {} : { step_label: reader.label(entry.step) }),
        };
  return {
    seq: entry.seq,
    at: new Date(entry.at).toISOString(),
    event: entry.event,
    workflow_id: reader.workflowId,
    ...step,
    ...entry.fields,
  } as LoggedEvent;
}
