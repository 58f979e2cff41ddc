import { and, eq, getTableColumns, inArray, isNotNull, isNull, lt, ne, notInArray, or, sql, type SQL } from 'drizzle-orm';
import type { JsonValue } from '../definition/json.js';
import type { Db } from './database.js';
import { isUniqueViolation } from './errors.js';
import { triggers, webhookDeliveries, workflows, workflowVersions } from './tables.js';
import { documentHolder } from './workflows/versions.js';

/** A trigger as it is kept. */
export type StoredTrigger = typeof triggers.$inferSelect;

/** A trigger with the owner and the newest version of its workflow. */
export interface OwnedTrigger extends StoredTrigger {
  readonly owner: string;
  readonly version: number;
}

/** A trigger that a version of a workflow asks for. */
export interface WantedTrigger {
  readonly id: string;
  readonly entryPointId: string;
  readonly type: StoredTrigger['type'];
  readonly config: { [key: string]: JsonValue };
  /** Of a webhook. */
  readonly path?: string;
  /** Of an event. */
  readonly topic?: string;
}

/** The newest version of a workflow, as its triggers start it. */
export interface TriggeredWorkflow {
  readonly id: string;
  readonly owner: string;
  readonly version: number;
  readonly document: string;
  /** Its triggers start nothing. */
  readonly isUnsavedClone: boolean;
}

/** A delivery that came, now or before. */
export interface Delivery {
  readonly runId: string;
  /** Its run was started. When not, it may have been nevertheless: who should have noted it may have died. */
  readonly isStarted: boolean;
}

/** Triggers of workflows. What happens on Temporal follows what is here. */
export class TriggerStore {
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  async find(id: string): Promise<OwnedTrigger | undefined> {
    return (await this.#select(eq(triggers.id, id)))[0];
  }

  /** Those of a workflow. */
  async of(workflowId: string): Promise<OwnedTrigger[]> {
    return this.#select(eq(triggers.workflowId, workflowId));
  }

  async webhookAt(path: string): Promise<OwnedTrigger | undefined> {
    return (await this.#select(eq(triggers.path, path)))[0];
  }

  /** Those that listen to a topic, of all workflows or of those of one owner. */
  async listeningTo(topic: string, owner?: string): Promise<OwnedTrigger[]> {
    return this.#select(and(eq(triggers.topic, topic), owner === undefined ? undefined : eq(workflows.owner, owner)));
  }

  async schedules(): Promise<OwnedTrigger[]> {
    return this.#select(eq(triggers.type, 'schedule'));
  }

  /** The newest version of a workflow; undefined when it is gone. */
  async workflow(id: string): Promise<TriggeredWorkflow | undefined> {
    const [found] = await this.#db
      .select({ id: workflows.id, owner: workflows.owner, version: workflows.version, document: documentHolder.document, isUnsavedClone: workflows.isUnsavedClone })
      .from(workflows)
      .innerJoin(workflowVersions, and(eq(workflowVersions.workflowId, workflows.id), eq(workflowVersions.version, workflows.version)))
      .innerJoin(documentHolder.table, documentHolder.on)
      .where(eq(workflows.id, id));
    return found;
  }

  /** Ids of workflows whose newest version was saved without its triggers. */
  async behind(): Promise<string[]> {
    const rows = await this.#db.select({ id: workflows.id }).from(workflows).where(and(ne(workflows.triggersVersion, workflows.version), eq(workflows.isUnsavedClone, false)));
    return rows.map(({ id }) => id);
  }

  /** Those of the paths that another workflow has. */
  async takenPaths(paths: readonly string[], exceptWorkflowId?: string): Promise<Set<string>> {
    if (paths.length === 0) return new Set();
    return takenPaths(this.#db, paths, exceptWorkflowId);
  }

  /**
   * Makes the triggers of a workflow those of a version; a webhook whose path another workflow has is left out. Nothing
   * happens, and false is answered, when that version is no longer the newest.
   */
  async replace(workflowId: string, version: number, wanted: readonly WantedTrigger[]): Promise<boolean> {
    const attempt = (): Promise<boolean> => this.#db.transaction((tx) => replace(tx, workflowId, version, wanted));
    // Another workflow took a path at the same moment: the second time it shows.
    return attempt().catch((error: unknown) => (isUniqueViolation(error) ? attempt() : Promise.reject(error as Error)));
  }

  /** Notes a delivery; one with the same id that was noted before is answered, and not changed. */
  async noteDelivery(triggerId: string, deliveryId: string, runId: string): Promise<Delivery> {
    await this.#db.insert(webhookDeliveries).values({ triggerId, deliveryId, runId }).onConflictDoNothing();
    const [noted] = await this.#db
      .select({ runId: webhookDeliveries.runId, startedAt: webhookDeliveries.startedAt })
      .from(webhookDeliveries)
      .where(isDelivery(triggerId, deliveryId));
    return { runId: noted?.runId ?? runId, isStarted: noted !== undefined && noted.startedAt !== null };
  }

  /** Notes that the run of a delivery was started. */
  async noteStart(triggerId: string, deliveryId: string): Promise<void> {
    await this.#db.update(webhookDeliveries).set({ startedAt: sql`now()` }).where(isDelivery(triggerId, deliveryId));
  }

  /** Of those that came or were started later none is forgotten. */
  async forgetDeliveriesBefore(time: Date): Promise<void> {
    const { at, startedAt } = webhookDeliveries;
    await this.#db.delete(webhookDeliveries).where(and(lt(at, time), or(isNull(startedAt), lt(startedAt, time))));
  }

  async #select(condition: SQL | undefined): Promise<OwnedTrigger[]> {
    return this.#db
      .select({ ...getTableColumns(triggers), owner: workflows.owner, version: workflows.version })
      .from(triggers)
      .innerJoin(workflows, eq(workflows.id, triggers.workflowId))
      .where(condition)
      .orderBy(triggers.createdAt, triggers.id);
  }
}

function isDelivery(triggerId: string, deliveryId: string): SQL | undefined {
  return and(eq(webhookDeliveries.triggerId, triggerId), eq(webhookDeliveries.deliveryId, deliveryId));
}

async function takenPaths(db: Db, paths: readonly string[], exceptWorkflowId: string | undefined): Promise<Set<string>> {
  const rows = await db
    .select({ path: triggers.path })
    .from(triggers)
    .where(and(isNotNull(triggers.path), inArray(triggers.path, [...paths]), exceptWorkflowId === undefined ? undefined : ne(triggers.workflowId, exceptWorkflowId)));
  return new Set(rows.flatMap(({ path }) => path ?? []));
}

async function replace(tx: Db, workflowId: string, version: number, wanted: readonly WantedTrigger[]): Promise<boolean> {
  await tx.execute(sql`select 1 from ${workflows} where ${workflows.id} = ${workflowId} for no key update`);
  const [current] = await tx.select({ version: workflows.version }).from(workflows).where(eq(workflows.id, workflowId));
  if (current?.version !== version) return false;
  const paths = wanted.flatMap(({ path }) => path ?? []);
  const taken = paths.length === 0 ? new Set() : await takenPaths(tx, paths, workflowId);
  const kept = wanted.filter(({ path }) => path === undefined || !taken.has(path));
  const own = eq(triggers.workflowId, workflowId);
  await tx.delete(triggers).where(kept.length === 0 ? own : and(own, notInArray(triggers.id, kept.map(({ id }) => id))));
  // Two webhooks of the workflow may have exchanged their paths.
  await tx.update(triggers).set({ path: null }).where(own);
  for (const { id, entryPointId, type, config, path = null, topic = null } of kept) {
    const settings = { entryPointId, config, path, topic };
    await tx.insert(triggers).values({ id, workflowId, type, ...settings }).onConflictDoUpdate({ target: triggers.id, set: settings });
  }
  await tx.update(workflows).set({ triggersVersion: version }).where(eq(workflows.id, workflowId));
  return true;
}
