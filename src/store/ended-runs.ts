import { and, desc, eq, gte, inArray, lt, lte, max, or, sql, type SQL } from 'drizzle-orm';
import type { LoggedEvent, RunSnapshot, RunStatus } from '../definition/snapshot.js';
import { cut } from '../definition/text.js';
import type { Db } from './database.js';
import { throwStoreError } from './errors.js';
import { toStorable } from './storable.js';
import { endedRuns } from './tables.js';

/** What an ended run left. `events`: the newest of its log, oldest first; undefined when it left none. */
export interface EndedRun {
  readonly owner: string | undefined;
  /** When Temporal closed it, in ISO 8601. */
  readonly endedAt: string;
  readonly snapshot: RunSnapshot;
  readonly events: readonly LoggedEvent[] | undefined;
}

/** Which ended runs to list, newest start first. `after`: the last run of the page before. */
export interface EndedRunFilter {
  readonly owner?: string | undefined;
  readonly workflowId?: string | undefined;
  readonly status?: RunStatus | undefined;
  readonly startedAfter?: string | undefined;
  readonly startedBefore?: string | undefined;
  readonly after?: { readonly startedAt: string; readonly runId: string } | undefined;
  readonly limit: number;
}

/** A row of the list. */
export interface EndedRunInfo {
  readonly run_id: string;
  readonly workflow_id: string;
  readonly status: RunStatus;
  readonly owner?: string;
  readonly started_at: string;
  readonly completed_at: string;
}

/** UTF-16 units: an index does not take texts of any length. */
const LONGEST_INDEXED = 255;

/** Ended runs, which outlive what Temporal keeps of them. */
export class EndedRunStore {
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  /** Keeps a run; one that is there already is replaced. */
  async put({ owner, endedAt, snapshot, events }: EndedRun): Promise<void> {
    const row = {
      runId: snapshot.run_id,
      workflowId: indexable(snapshot.workflow_id),
      // Cut, it could be the id of another user.
      owner: owner === undefined || indexable(owner) !== owner ? null : owner,
      status: snapshot.status,
      snapshot: JSON.stringify(snapshot),
      events: JSON.stringify(events ?? null),
      startedAt: new Date(snapshot.started_at),
      completedAt: new Date(endedAt),
    };
    const { runId: _, ...rest } = row;
    await this.#db.insert(endedRuns).values(row).onConflictDoUpdate({ target: endedRuns.runId, set: rest }).catch(throwStoreError);
  }

  async get(runId: string): Promise<EndedRun | undefined> {
    // No such id can be there, and the database would refuse to look for it.
    if (runId.includes('\0')) return undefined;
    const [row] = await this.#db.select().from(endedRuns).where(eq(endedRuns.runId, runId)).catch(throwStoreError);
    if (row === undefined) return undefined;
    const events = JSON.parse(row.events) as LoggedEvent[] | null;
    return { owner: row.owner ?? undefined, endedAt: row.completedAt.toISOString(), snapshot: JSON.parse(row.snapshot) as RunSnapshot, events: events ?? undefined };
  }

  /** When each of these runs ended, of those that are there: ISO 8601 by run id. */
  async endsOf(runIds: readonly string[]): Promise<Map<string, string>> {
    if (runIds.length === 0) return new Map();
    const { runId, completedAt } = endedRuns;
    const rows = await this.#db.select({ runId, completedAt }).from(endedRuns).where(inArray(runId, [...runIds])).catch(throwStoreError);
    return new Map(rows.map((row) => [row.runId, row.completedAt.toISOString()]));
  }

  /** When the run that ended last of those that are kept did so. */
  async newestEnd(): Promise<Date | undefined> {
    const [row] = await this.#db.select({ at: max(endedRuns.completedAt) }).from(endedRuns).catch(throwStoreError);
    return row?.at ?? undefined;
  }

  async list({ owner, workflowId, status, startedAfter, startedBefore, after, limit }: EndedRunFilter): Promise<EndedRunInfo[]> {
    const table = endedRuns;
    const conditions: (SQL | undefined)[] = [
      owner === undefined ? undefined : eq(table.owner, indexable(owner)),
      workflowId === undefined ? undefined : eq(table.workflowId, indexable(workflowId)),
      status === undefined ? undefined : eq(table.status, status),
      startedAfter === undefined ? undefined : gte(table.startedAt, new Date(startedAfter)),
      startedBefore === undefined ? undefined : lt(table.startedAt, new Date(startedBefore)),
      // The first of the two, which the second says too, is what an index is good for.
      after && lte(table.startedAt, new Date(after.startedAt)),
      after && or(lt(table.startedAt, new Date(after.startedAt)), sql`${table.runId} > ${after.runId}`),
    ];
    const { runId, workflowId: workflow, owner: of, status: state, startedAt, completedAt } = table;
    const rows = await this.#db
      .select({ runId, workflow, of, state, startedAt, completedAt })
      .from(table)
      .where(and(...conditions))
      .orderBy(desc(startedAt), runId)
      .limit(limit)
      .catch(throwStoreError);
    return rows.map((row) => ({
      run_id: row.runId,
      workflow_id: row.workflow,
      status: row.state as RunStatus,
      ...(row.of === null ? {} : { owner: row.of }),
      started_at: row.startedAt.toISOString(),
      completed_at: row.completedAt.toISOString(),
    }));
  }
}

/** The text as an index takes it: cut, and without U+0000. */
function indexable(text: string): string {
  return cut(toStorable(text), LONGEST_INDEXED);
}
