import { isEnded, type LoggedEvent, type RunEvent, type RunSnapshot } from '../definition/snapshot.js';
import type { Ended } from './ended.js';
import { RunFeed, type Reader } from './feed.js';
import type { Session } from './session.js';
import { snapshotOf } from './snapshot.js';

export interface EventsOptions {
  /** The last `seq` that the reader has seen; 0, the default, reads from the start. */
  after?: number;
  /** Ends the reading; the iteration then throws the signal's reason. */
  signal?: AbortSignal;
}

/** The `seq` of the end of a run that was ended from outside and so left no log: above that of any log. */
const OUTSIDE_END = Number.MAX_SAFE_INTEGER;

/** Yields a run's log after `after`, in order, with no gap and no repeat, until the run has ended or the client is closed. */
export async function* observe(session: Session, runId: string, options: EventsOptions): AsyncGenerator<RunEvent, void> {
  const signal = AbortSignal.any([session.closed, ...(options.signal ? [options.signal] : [])]);
  signal.throwIfAborted();
  const reader: Reader = { aside: [] };
  const feed = RunFeed.join(session, runId, reader);
  let last = options.after ?? 0;
  let seen = 0;
  let next = false;
  try {
    for (;;) {
      if (!next) await feed.after(seen, signal);
      seen = feed.version;
      if (feed.ended) return yield* eventsOfEnded(await feed.ended, last);
      yield* reader.aside.splice(0);
      const page = await feed.page(last, next, signal);
      if (page?.gap) yield toldBySnapshot(await snapshotOf(session, runId), (page.events[0]?.seq ?? page.last_seq + 1) - 1);
      for (const event of page?.events ?? []) {
        if (event.seq <= last) continue;
        last = event.seq;
        yield event;
        if (event.event === 'workflow_completed') return;
      }
      next = page !== undefined && page.events.length > 0 && last < page.last_seq;
    }
  } catch (error) {
    if (!session.closed.aborted || options.signal?.aborted === true) throw error;
  } finally {
    feed.leave(reader);
  }
}

/** What is left to tell of an ended run to who has seen its log up to `after`. */
export function* eventsOfEnded({ snapshot, events }: Pick<Ended, 'snapshot' | 'events'>, after: number): Generator<RunEvent, void> {
  if (events === undefined) {
    if (after >= OUTSIDE_END) return;
    yield toldBySnapshot(snapshot, OUTSIDE_END - 1);
    yield outsideEnd(snapshot);
    return;
  }
  const first = events[0]?.seq ?? 1;
  if (after + 1 < first) yield toldBySnapshot(snapshot, first - 1);
  for (const event of events) if (event.seq > after) yield event;
}

function toldBySnapshot(snapshot: RunSnapshot, seq: number): RunEvent {
  return { event: 'snapshot', seq, at: snapshot.completed_at ?? new Date().toISOString(), snapshot };
}

function outsideEnd(snapshot: RunSnapshot): LoggedEvent {
  const steps = Object.values(snapshot.steps);
  const status = isEnded(snapshot.status) ? snapshot.status : 'failed';
  return {
    event: 'workflow_completed',
    seq: OUTSIDE_END,
    at: snapshot.completed_at ?? new Date().toISOString(),
    workflow_id: snapshot.workflow_id,
    status: status === 'completed' || status === 'canceled' ? status : 'failed',
    steps_done: steps.filter((step) => step.status === 'done').length,
    steps_failed: steps.filter((step) => step.status === 'failed').length,
    ...(snapshot.error === undefined ? {} : { error: snapshot.error }),
  };
}
