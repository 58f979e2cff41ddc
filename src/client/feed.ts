import { QUERIES, type EventsPage } from '../definition/messages.js';
import { DistriError } from '../definition/errors.js';
import type { RunEvent } from '../definition/snapshot.js';
import { ask } from './ask.js';
import { readEnded, type Ended } from './ended.js';
import { HistoryWatch } from './history-watch.js';
import { describe } from './info.js';
import { retryingEvents } from './pending.js';
import { abortable, isStaleToken, isTransient, pause, raceAbort, translate } from './rpc.js';
import type { Session } from './session.js';
import { hasEnded } from './snapshot.js';

/** A run is asked for its events at most this often. */
const QUERY_INTERVAL_MS = 100;
/** A run is described at most this often, and only while activities are pending. */
const DESCRIBE_INTERVAL_MS = 1_000;
const NO_WORKER_PAUSE_MS = 1_000;
const LONGEST_BACKOFF_MS = 5_000;
/** Events outside the log that are kept for a reader who does not come for them. */
const MOST_ASIDE = 100;
/** A long poll of the server ends after 20 s; one that takes longer hangs. */
const POLL_TIMEOUT_MS = 60_000;

/** A reader's place for events outside the log. */
export interface Reader {
  readonly aside: RunEvent[];
}

/**
 * One observed run, shared by its readers: a long poll of its history says when there may be something new, and
 * pages of the log are asked for once per position, however many readers stand there.
 */
export class RunFeed {
  readonly #stop = new AbortController();
  /** Ends what is still asked of workers: the run has ended, or nobody reads. */
  readonly #asking = new AbortController();
  readonly #readers = new Set<Reader>();
  readonly #watch = new HistoryWatch();
  readonly #pages = new Map<number, Promise<EventsPage | undefined>>();
  #version = 0;
  #changed = deferred();
  #nextQueryAt = 0;
  #ended: Promise<Ended> | undefined;
  #failure: { error: unknown } | undefined;

  private constructor(
    readonly session: Session,
    readonly runId: string,
  ) {}

  /** Joins the feed of a run, which is started for its first reader and stopped after its last. */
  static join(session: Session, runId: string, reader: Reader): RunFeed {
    let feed = session.feeds.get(runId);
    if (feed === undefined) {
      feed = new RunFeed(session, runId);
      session.feeds.set(runId, feed);
      session.closed.addEventListener('abort', feed.#end, { once: true });
      void feed.#follow();
      void feed.#watchPending();
    }
    feed.#readers.add(reader);
    return feed;
  }

  leave(reader: Reader): void {
    this.#readers.delete(reader);
    if (this.#readers.size === 0) this.#end();
  }

  /** Also at the close of the client: a reader that is never pulled again never leaves. */
  readonly #end = (): void => {
    this.session.closed.removeEventListener('abort', this.#end);
    this.#stop.abort();
    this.#asking.abort();
    if (this.session.feeds.get(this.runId) === this) this.session.feeds.delete(this.runId);
  };

  /** Grows with each sign of something new. */
  get version(): number {
    return this.#version;
  }

  /** What the run left, once it has ended. */
  get ended(): Promise<Ended> | undefined {
    return this.#ended;
  }

  /** Resolves when the version is above this one. Throws what made the feed fail, or the reason of an abort. */
  async after(version: number, signal: AbortSignal): Promise<void> {
    while (this.#version <= version) {
      if (this.#failure) throw this.#failure.error;
      await raceAbort(this.#changed.promise, signal);
    }
    if (this.#failure) throw this.#failure.error;
  }

  /** The log after `seq`; undefined when no worker answered and there is something newer to look at. */
  page(seq: number, next: boolean, signal: AbortSignal): Promise<EventsPage | undefined> {
    let page = this.#pages.get(seq);
    if (page === undefined) {
      page = this.#ask(seq, next);
      this.#pages.set(seq, page);
      page.catch(() => this.#pages.delete(seq));
    }
    return raceAbort(page, signal);
  }

  async #ask(seq: number, next: boolean): Promise<EventsPage | undefined> {
    const asked = this.#version;
    for (;;) {
      if (!next) await this.#turn();
      if (this.#asking.signal.aborted) return undefined;
      try {
        return await abortable(this.session, this.#asking.signal, () =>
          ask<EventsPage>(this.session, this.runId, QUERIES.events, [seq]),
        );
      } catch (error) {
        if (this.#asking.signal.aborted) return undefined;
        if (!isPatient(error)) throw error;
      }
      await pause(NO_WORKER_PAUSE_MS, this.#asking.signal);
      if (this.#version !== asked) return undefined;
    }
  }

  async #turn(): Promise<void> {
    const now = Date.now();
    const at = Math.max(now, this.#nextQueryAt);
    this.#nextQueryAt = at + QUERY_INTERVAL_MS;
    if (at > now) await pause(at - now, this.#stop.signal);
  }

  #bump(): void {
    this.#version += 1;
    this.#pages.clear();
    const { resolve } = this.#changed;
    this.#changed = deferred();
    resolve();
  }

  async #follow(): Promise<void> {
    try {
      for (;;) {
        const described = await this.#patiently(() => describe(this.session, this.runId));
        if (hasEnded(described)) {
          this.#ended = readEnded(this.session, described);
          this.#ended.catch(() => undefined);
          this.#asking.abort();
          this.#bump();
          return;
        }
        await this.#followExecution(described.execution.runId);
      }
    } catch (error) {
      this.#failure = { error: translate(this.session, error, this.runId) };
      this.#bump();
    }
  }

  /** Polls the history of one execution, and of those that it continues as, until one ends. */
  async #followExecution(first: string): Promise<void> {
    let runId = first;
    let nextPageToken: Uint8Array | undefined;
    for (;;) {
      const request = {
        namespace: this.session.namespace,
        execution: { workflowId: this.runId, runId },
        waitNewEvent: true,
        ...(nextPageToken ? { nextPageToken } : {}),
      };
      const page = await this.#patiently(() =>
        this.session.client.withDeadline(Date.now() + POLL_TIMEOUT_MS, () =>
          this.session.client.workflowService.getWorkflowExecutionHistory(request),
        ),
      ).catch((error: unknown) => {
        if (nextPageToken === undefined || !isStaleToken(error)) throw error;
        return undefined;
      });
      if (page === undefined) {
        // The history is read anew: what it tells of steps that are pending is the same again.
        nextPageToken = undefined;
        continue;
      }
      const seen = this.#watch.read(page.history?.events ?? []);
      nextPageToken = page.nextPageToken && page.nextPageToken.length > 0 ? page.nextPageToken : undefined;
      if (seen.progressed) this.#bump();
      if (seen.closed || (nextPageToken === undefined && seen.continuedAs === undefined)) return;
      if (seen.continuedAs !== undefined) [runId, nextPageToken] = [seen.continuedAs, undefined];
    }
  }

  /** Makes a call again and again while the server is away: the run goes on, so its readers wait. */
  async #patiently<T>(call: () => Promise<T>): Promise<T> {
    for (let backoff = 250; ; backoff = Math.min(2 * backoff, LONGEST_BACKOFF_MS)) {
      try {
        return await abortable(this.session, this.#stop.signal, call);
      } catch (error) {
        if (this.#stop.signal.aborted || !isPatient(error)) throw error;
      }
      await pause(backoff, this.#stop.signal);
    }
  }

  async #watchPending(): Promise<void> {
    const known = new Map<string, number>();
    while (!this.#stop.signal.aborted && this.#ended === undefined) {
      await pause(DESCRIBE_INTERVAL_MS, this.#stop.signal);
      const before = Date.now() - DESCRIBE_INTERVAL_MS;
      if (![...this.#watch.pending.values()].some((activity) => activity.seenAt <= before)) continue;
      // Best effort: what fails now is looked at again in a second.
      const events = await retryingEvents(this.session, this.runId, this.#watch.pending, known).catch(() => []);
      if (events.length === 0) continue;
      for (const { aside } of this.#readers) {
        aside.push(...events);
        aside.splice(0, aside.length - MOST_ASIDE);
      }
      this.#bump();
    }
  }
}

/** Errors after which a reader waits, because the run itself is safe. */
function isPatient(error: unknown): boolean {
  if (error instanceof DistriError) return error.code === 'NO_WORKER' || error.code === 'NO_TEMPORAL_SERVER';
  return isTransient(error);
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
