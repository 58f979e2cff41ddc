import { setTimeout as sleep } from 'node:timers/promises';
import { tsToMs } from '@temporalio/common/lib/time.js';
import type { FastifyBaseLogger } from 'fastify';
import type { DistriClient, RunInfo } from '../client/index.js';
import { isTransient } from '../client/rpc.js';
import { DistriError, RunNotFoundError } from '../definition/errors.js';
import type { EndedRunStore } from '../store/ended-runs.js';
import type { App, ServerDeps } from './app.js';

export interface RecorderOptions {
  readonly client: DistriClient;
  readonly store: EndedRunStore;
  readonly logger: FastifyBaseLogger;
  /** How long to rest after each sweep. */
  readonly everyMs: number;
  readonly retention?: Retention;
}

/** For how long what is over is kept, and what removes some of what was over before a time. */
export interface Retention {
  readonly days: number;
  readonly forgetBefore: (time: Date) => Promise<void>;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** What ended in so long a time is recorded before anything that ended later. */
const WINDOW_MS = HOUR_MS;
/** How late visibility may show a run. */
const OVERLAP_MS = 60_000;
/** What a process that was stopped may have left undone before the newest run that it recorded. */
const BACK_MS = WINDOW_MS;
const BATCH = 100;
const AT_ONCE = 5;

/** Records ended runs from when the server is ready until it closes, when its settings say so. */
export function addRecorder(app: App, { client, store, logger, settings }: ServerDeps): void {
  if (settings.recordEveryMs === undefined) return;
  const { recordEveryMs, retentionDays } = settings;
  const retention = retentionDays === undefined ? {} : { retention: { days: retentionDays, forgetBefore: (time: Date) => store.forgetBefore(time) } };
  const recorder = new Recorder({ client, store: store.endedRuns, logger, everyMs: recordEveryMs, ...retention });
  app.addHook('onReady', async () => recorder.start());
  app.addHook('onClose', async () => recorder.close());
}

/**
 * Keeps what ended runs of the namespace left, so that it outlives Temporal's retention: oldest first, so that after an
 * outage, or in another process, it goes on where it was. Several processes may do so at once.
 */
export class Recorder {
  readonly #stop = new AbortController();
  readonly #unreadable = new Set<string>();
  #running: Promise<void> | undefined;
  /** All that ended before is recorded. Milliseconds since the epoch. */
  #done: number | undefined;
  #isOut = false;

  constructor(readonly options: RecorderOptions) {}

  start(): void {
    this.#running ??= this.#run();
  }

  /** Resolves when nothing is under way any more. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.#sweepOrTell();
      await sleep(this.options.everyMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async #sweepOrTell(): Promise<void> {
    try {
      await this.#sweep();
      await this.#forget();
      if (this.#isOut) this.options.logger.info('Ended runs are recorded again');
      this.#isOut = false;
    } catch (error) {
      if (!this.#isOut && !this.#stop.signal.aborted) this.options.logger.error({ err: error }, 'Ended runs cannot be recorded for now, nor old ones removed; none is lost while Temporal keeps it');
      this.#isOut = true;
    }
  }

  /** Records all runs that have ended and are not recorded. */
  async #sweep(): Promise<void> {
    this.#done ??= await this.#beginning();
    for (let now = Date.now(); this.#done < now && !this.#stop.signal.aborted; now = Date.now()) {
      const until = Math.min(this.#done + WINDOW_MS, now);
      await this.#record(this.#done - OVERLAP_MS, until);
      this.#done = until;
      if (until === now) return;
    }
  }

  async #beginning(): Promise<number> {
    const { client, store } = this.options;
    const newest = await store.newestEnd();
    if (newest !== undefined) return newest.getTime() - BACK_MS;
    const { config } = await client.temporal.workflowService.describeNamespace({ namespace: client.namespace });
    return Math.max(Date.now() - tsToMs(config?.workflowExecutionRetentionTtl), this.#keptSince() ?? 0);
  }

  async #forget(): Promise<void> {
    const since = this.#keptSince();
    if (since !== undefined) await this.options.retention?.forgetBefore(new Date(since));
  }

  /** What was over before is not kept. Milliseconds since the epoch; undefined: all is kept. */
  #keptSince(): number | undefined {
    const { retention } = this.options;
    return retention && Date.now() - retention.days * DAY_MS;
  }

  async #record(after: number, before: number): Promise<void> {
    const { client, store } = this.options;
    const filter = { endedAfter: new Date(after).toISOString(), endedBefore: new Date(before).toISOString(), limit: BATCH };
    for (let next: string | undefined; ; ) {
      const page = await client.listRunsPage(filter, next);
      const known = await store.endsOf(page.runs.map((run) => run.run_id));
      const left = page.runs.filter((run) => known.get(run.run_id) !== run.completed_at && !this.#unreadable.has(run.temporal_run_id));
      const one = async (): Promise<void> => {
        for (let run = left.shift(); run !== undefined && !this.#stop.signal.aborted; run = left.shift()) await this.#recordOne(run);
      };
      await Promise.all(Array.from({ length: AT_ONCE }, one));
      if (page.next === undefined || this.#stop.signal.aborted) return;
      next = page.next;
    }
  }

  /** A run that cannot be read or kept is left out; throws when none could be. */
  async #recordOne({ run_id, temporal_run_id, owner, completed_at }: RunInfo): Promise<void> {
    const { client, store, logger } = this.options;
    try {
      const ended = await client.getRun(run_id).ended();
      if (ended === undefined || completed_at === undefined) return;
      await store.put({ owner, endedAt: completed_at, snapshot: ended.snapshot, events: ended.events });
    } catch (error) {
      if (error instanceof RunNotFoundError) return;
      if (isOutage(error)) throw error;
      this.#unreadable.add(temporal_run_id);
      logger.warn({ err: error, runId: run_id }, 'An ended run cannot be recorded: it can be read only while Temporal keeps it');
    }
  }
}

function isOutage(error: unknown): boolean {
  if (error instanceof DistriError) return error.code === 'STORE_UNAVAILABLE' || error.code === 'NO_TEMPORAL_SERVER' || error.code === 'TEMPORAL_UNAUTHORIZED';
  return isTransient(error);
}
