import { setTimeout as sleep } from 'node:timers/promises';
import type { DistriClient, RunEvent } from '../client/index.js';
import { isEnded } from '../client/index.js';
import { RunNotFoundError } from '../definition/errors.js';
import { eventText } from './event-streams.js';
import { Mailbox } from './mailbox.js';
import { LAG_MS, LOOK_MS, lookSince, type Look, type StartWatches, type WhichRuns } from './started-runs.js';
import { cursorText, LONGEST_CURSOR, shortHash, type WorkflowCursor } from './workflow-cursor.js';

/** Which runs to follow. */
export interface WorkflowReader extends WhichRuns {
  readonly client: DistriClient;
  readonly watches: StartWatches;
  /** Where to go on; the caller has checked that its runs may be seen. Without it, with the newest open runs from their start. */
  readonly cursor: WorkflowCursor | undefined;
  readonly signal: AbortSignal;
}

/** Runs that one stream follows at once. */
export const MOST_FOLLOWED = 100;

/** Something that one of the runs tells; without an event, its end. */
interface News {
  readonly runId: string;
  readonly event?: RunEvent;
}

/**
 * The events of the open runs of a workflow, and of those that start later, as messages whose ids say how far the reader
 * has come with each run: who comes back with the last id misses nothing of them and sees nothing twice.
 */
export async function* workflowMessages(reader: WorkflowReader): AsyncGenerator<string, void> {
  const follower = new Follower(reader);
  void follower.look();
  for await (const { runId, event } of follower.news) {
    const id = follower.advance(runId, event);
    if (event !== undefined) yield eventText({ ...(id === undefined ? {} : { id }), event: event.event, data: JSON.stringify({ run_id: runId, ...event }) });
  }
}

class Follower {
  readonly news: Mailbox<News>;
  readonly #runs = new Map<string, number>();
  /** Hashes of runs that are told to the end, with the time when they were. */
  readonly #done: Map<string, number>;
  #since: number;

  constructor(readonly reader: WorkflowReader) {
    this.news = new Mailbox(reader.signal);
    const { cursor } = reader;
    this.#since = cursor?.since ?? Date.now() - LAG_MS;
    this.#done = new Map([...(cursor?.done ?? [])].map((hash) => [hash, 0]));
    for (const [runId, seq] of cursor?.runs ?? []) this.#follow(runId, seq);
  }

  /** Takes note of what is told now, and gives the id of its message. */
  advance(runId: string, event: RunEvent | undefined): string | undefined {
    if (event === undefined || event.event === 'workflow_completed') this.#end(runId);
    else if ('seq' in event && this.#runs.has(runId)) this.#runs.set(runId, event.seq);
    return event !== undefined && 'seq' in event ? this.#cursor() : undefined;
  }

  /** Looks for runs again and again. */
  async look(): Promise<void> {
    const { cursor, signal, watches } = this.reader;
    if (signal.aborted) return;
    const watch = watches.join(this.reader, signal);
    let hasBegun = false;
    while (!signal.aborted) {
      try {
        if (!hasBegun) await (cursor === undefined ? this.#begin() : this.#lookAlone());
        hasBegun = true;
        const look = await watch.next();
        if (look.since <= this.#since) this.#take(look);
        else if (this.#runs.size < MOST_FOLLOWED) await this.#lookAlone();
      } catch {
        // The server is away, so the runs have nothing to tell either; the next look finds what this one missed.
        if (!hasBegun) await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  /** Follows the runs that are open, and takes no notice of those that ended before. */
  async #begin(): Promise<void> {
    const { client, workflowId, owner } = this.reader;
    const open: string[] = [];
    for await (const run of client.listRuns({ workflowId, ...(owner === undefined ? {} : { owner }), open: true, limit: MOST_FOLLOWED })) {
      if (owner === undefined || run.owner === owner) open.push(run.run_id);
    }
    const { runs } = await lookSince(client, this.reader, this.#since);
    for (const run of runs) if (isEnded(run.status)) this.#done.set(shortHash(run.run_id), Date.now());
    for (const runId of open) this.#follow(runId, 0);
  }

  /** For who is behind all others, because they came back or had no room for runs that had started. */
  async #lookAlone(): Promise<void> {
    this.#take(await lookSince(this.reader.client, this.reader, this.#since));
  }

  /** Follows the runs of a look that are new, the oldest first. It must begin no later than where this reader is. */
  #take({ runs, until, at }: Look): void {
    let since = until - LAG_MS;
    const found = new Set<string>();
    for (const { run_id, started_at } of runs) {
      const [hash, startedAt] = [shortHash(run_id), Date.parse(started_at)];
      found.add(hash);
      if (startedAt < this.#since || this.#runs.has(run_id) || this.#done.has(hash)) continue;
      if (this.#hasRoom(run_id)) this.#follow(run_id, 0);
      else since = Math.min(since, startedAt);
    }
    this.#since = Math.max(this.#since, since);
    // What a look at all that has started does not find, no later one does: it need not be remembered.
    if (until === at) for (const [hash, doneAt] of this.#done) if (doneAt < at && !found.has(hash)) this.#done.delete(hash);
  }

  #hasRoom(runId: string): boolean {
    return this.#runs.size < MOST_FOLLOWED && this.#cursor().length + encodeURIComponent(runId).length < LONGEST_CURSOR;
  }

  #follow(runId: string, after: number): void {
    if (this.#runs.has(runId)) return;
    this.#runs.set(runId, after);
    void this.#pass(runId, after);
  }

  async #pass(runId: string, after: number): Promise<void> {
    const { client, signal } = this.reader;
    try {
      for await (const event of client.getRun(runId).events({ after, signal })) await this.news.put({ runId, event });
    } catch (error) {
      if (signal.aborted) return;
      // One that Temporal has forgotten meanwhile has nothing more to tell.
      if (!(error instanceof RunNotFoundError)) return this.news.fail(error);
    }
    if (this.#runs.has(runId)) await this.news.put({ runId });
  }

  #end(runId: string): void {
    if (this.#runs.delete(runId)) this.#done.set(shortHash(runId), Date.now());
  }

  #cursor(): string {
    return cursorText(this.reader.workflowId, { since: this.#since, runs: this.#runs, done: this.#done.keys() });
  }
}
