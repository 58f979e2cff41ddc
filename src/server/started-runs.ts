import { setTimeout as sleep } from 'node:timers/promises';
import type { DistriClient, RunFilter, RunInfo } from '../client/index.js';

/** Whose runs of which workflow. */
export interface WhichRuns {
  readonly workflowId: string;
  /** Only the runs of this user. */
  readonly owner: string | undefined;
}

/** A stretch of time with all runs that started in it, the oldest first. Times are milliseconds since the epoch. */
export interface Look {
  readonly since: number;
  /** Earlier than `at` when too many have started since to be read at once. */
  readonly until: number;
  /** When it was looked. */
  readonly at: number;
  readonly runs: readonly RunInfo[];
}

type Lister = Pick<DistriClient, 'listRunsPage'>;

/** How often it is looked. */
export const LOOK_MS = 2_000;
/** How late visibility may show a run. */
export const LAG_MS = 10_000;
const PAGE = 1_000;
/** Runs of so short a time are read to the last; a longer time that has more than a page of them is halved. Half of it must be longer than visibility lags, else nobody would get on. */
const SHORT_MS = 4 * LAG_MS;

/** The runs that have started since, or the oldest of them. Throws as `DistriClient.listRunsPage`. */
export async function lookSince(client: Lister, { workflowId, owner }: WhichRuns, since: number): Promise<Look> {
  const at = Date.now();
  for (let until = at; ; until = since + Math.ceil((until - since) / 2)) {
    const filter = { workflowId, ...(owner === undefined ? {} : { owner }), startedAfter: iso(since), ...(until === at ? {} : { startedBefore: iso(until) }) };
    const runs = await listed(client, filter, until - since <= SHORT_MS);
    // Visibility finds owners by the beginning of their ids only.
    if (runs !== undefined) return { since, until, at, runs: runs.filter((run) => owner === undefined || run.owner === owner) };
  }
}

/** The oldest first. Undefined when there is more than one page of them, unless all are to be read. */
async function listed(client: Lister, filter: RunFilter, all: boolean): Promise<RunInfo[] | undefined> {
  const found: RunInfo[] = [];
  for (let next: string | undefined; ; ) {
    const page = await client.listRunsPage({ ...filter, limit: PAGE }, next);
    found.push(...page.runs);
    next = page.next;
    if (next === undefined) return found.reverse();
    if (!all) return undefined;
  }
}

function iso(time: number): string {
  return new Date(time).toISOString();
}

/** Looks for runs that start, once for all who look for the same ones. */
export class StartWatches {
  readonly #watches = new Map<string, StartWatch>();

  constructor(readonly client: Lister) {}

  /** The watch for these runs. It counts on being asked again and again until the signal is aborted. */
  join({ workflowId, owner }: WhichRuns, signal: AbortSignal): StartWatch {
    const key = JSON.stringify([workflowId, owner]);
    const watch = this.#watches.get(key) ?? new StartWatch(this.client, { workflowId, owner });
    this.#watches.set(key, watch);
    watch.readers += 1;
    const leave = (): void => {
      watch.readers -= 1;
      if (watch.readers === 0) this.#watches.delete(key);
    };
    signal.addEventListener('abort', leave, { once: true });
    return watch;
  }
}

export class StartWatch {
  readers = 0;
  #until = Date.now();
  #next: Promise<Look> | undefined;

  constructor(
    readonly client: Lister,
    readonly which: WhichRuns,
  ) {}

  /** The next look, which begins before the one before it ended by as much as visibility may lag. Throws as `lookSince`. */
  next(): Promise<Look> {
    this.#next ??= this.#look().finally(() => {
      this.#next = undefined;
    });
    return this.#next;
  }

  async #look(): Promise<Look> {
    await sleep(LOOK_MS, undefined, { ref: false });
    const since = this.#until - LAG_MS;
    if (this.readers === 0) return { since, until: since, at: Date.now(), runs: [] };
    const look = await lookSince(this.client, this.which, since);
    this.#until = look.until;
    return look;
  }
}
