import { setTimeout as sleep } from 'node:timers/promises';
import type { DistriClient, RunEvent, RunFilter } from '../client/index.js';
import { isEnded, type RunInfo } from '../client/index.js';
import { RunNotFoundError } from '../definition/errors.js';
import { eventText } from './event-streams.js';
import { Mailbox } from './mailbox.js';
import { cursorText, LONGEST_CURSOR, shortHash, type WorkflowCursor } from './workflow-cursor.js';

/** Which runs to follow. */
export interface WorkflowReader {
  readonly client: DistriClient;
  readonly workflowId: string;
  /** Only the runs of this user. */
  readonly owner: string | undefined;
  /** Where to go on; the caller has checked that its runs may be seen. Without it, with the newest open runs from their start. */
  readonly cursor: WorkflowCursor | undefined;
  readonly signal: AbortSignal;
}

/** Runs that one stream follows at once. */
export const MOST_FOLLOWED = 100;
/** Runs of which one look takes notice. */
const MOST_LISTED = 1_000;
const LOOK_MS = 2_000;
/** How late visibility may show a run. */
const LAG_MS = 10_000;

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
  /** Hashes of runs that are told to the end. */
  readonly #done: Set<string>;
  #since: number;

  constructor(readonly reader: WorkflowReader) {
    this.news = new Mailbox(reader.signal);
    const { cursor } = reader;
    this.#since = cursor?.since ?? Date.now() - LAG_MS;
    this.#done = new Set(cursor?.done);
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
    const { cursor, signal } = this.reader;
    let hasBegun = cursor !== undefined;
    while (!signal.aborted) {
      try {
        if (hasBegun) await this.#lookForStarted();
        else await this.#begin();
        hasBegun = true;
      } catch {
        // The server is away, so the runs have nothing to tell either; the next look finds what this one missed.
      }
      await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Follows the runs that are open, and takes no notice of those that ended before. */
  async #begin(): Promise<void> {
    const open = await this.#list({ open: true, limit: MOST_FOLLOWED });
    for (const run of await this.#listStarted()) if (isEnded(run.status)) this.#done.add(shortHash(run.run_id));
    for (const { run_id } of open) this.#follow(run_id, 0);
  }

  async #lookForStarted(): Promise<void> {
    let since = Date.now() - LAG_MS;
    const started = await this.#listStarted();
    const found = new Set(started.map((run) => shortHash(run.run_id)));
    // What no look finds any more need not be remembered.
    for (const hash of this.#done) if (!found.has(hash)) this.#done.delete(hash);
    for (const { run_id, started_at } of started.reverse()) {
      if (this.#runs.has(run_id) || this.#done.has(shortHash(run_id))) continue;
      if (this.#hasRoom(run_id)) this.#follow(run_id, 0);
      else since = Math.min(since, Date.parse(started_at));
    }
    this.#since = Math.max(this.#since, since);
  }

  /** Those that have started since, newest first. */
  #listStarted(): Promise<RunInfo[]> {
    return this.#list({ startedAfter: new Date(this.#since).toISOString(), limit: MOST_LISTED });
  }

  async #list(filter: RunFilter): Promise<RunInfo[]> {
    const { client, workflowId, owner } = this.reader;
    const runs: RunInfo[] = [];
    for await (const run of client.listRuns({ workflowId, ...(owner === undefined ? {} : { owner }), ...filter })) {
      if (owner === undefined || run.owner === owner) runs.push(run);
    }
    return runs;
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
    if (this.#runs.delete(runId)) this.#done.add(shortHash(runId));
  }

  #cursor(): string {
    return cursorText(this.reader.workflowId, { since: this.#since, runs: this.#runs, done: this.#done });
  }
}
