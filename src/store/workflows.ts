import { and, desc, eq, isNull, ne, or, sql } from 'drizzle-orm';
import { diffDocuments, type DocumentDiff } from '../definition/document-diff.js';
import type { JsonObject } from '../definition/json.js';
import type { Db } from './database.js';
import type { Page } from './page.js';
import { isStorable } from './storable.js';
import { workflows, workflowShares } from './tables.js';
import { apply, audit, checkVersion, copyName, insert, type NewWorkflow, type WorkflowAt, type WorkflowChange } from './workflows/changes.js';
import { readStored } from './workflows/content.js';
import { listWorkflows, type Shelf, type WorkflowFilter } from './workflows/listing.js';
import { findSeen, hasRole, lockSeen, requireRole, seen, selectSeen, type SeenWorkflow, type Viewer } from './workflows/records.js';
import { findVersion, listVersions, needVersion, type StoredVersion, type VersionRecord } from './workflows/versions.js';

export { definitionToRun, readContent, readStored, type Content } from './workflows/content.js';
export type { NewWorkflow, WorkflowAt, WorkflowChange } from './workflows/changes.js';
export type { Shelf, WorkflowFilter } from './workflows/listing.js';
export { hasRole, ROLES, requireRole, type SeenWorkflow, type Viewer } from './workflows/records.js';
export type { StoredVersion, VersionRecord } from './workflows/versions.js';

/** Workflows with their immutable versions. Every change is in the audit log. */
export class WorkflowStore {
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  /** Keeps a new workflow of this user as version 1. */
  async create(user: string, workflow: NewWorkflow): Promise<WorkflowAt> {
    return this.#db.transaction((tx) => insert(tx, user, workflow, 'workflow.create'));
  }

  /** With its newest version, or the given one; undefined when there is none that the viewer may see. */
  async get(viewer: Viewer, id: string, version?: number): Promise<WorkflowAt | undefined> {
    const found = await findSeen(this.#db, viewer, id);
    const at = found && (await findVersion(this.#db, found.record.id, version ?? found.record.version));
    return found && at && { ...found, at };
  }

  /** Without any version of it; undefined when there is none that the viewer may see. */
  async find(viewer: Viewer, id: string): Promise<SeenWorkflow | undefined> {
    return findSeen(this.#db, viewer, id);
  }

  /** One of these ids that is that of a workflow which the viewer may not edit, whether they see it or not; undefined when none is. */
  async foreignAmong(viewer: Viewer, ids: readonly string[]): Promise<string | undefined> {
    if (viewer.isAdmin) return undefined;
    const [row] = await selectSeen(this.#db, viewer)
      // In one parameter: a statement takes 65,535, and a document may have more ids.
      .where(and(sql`${workflows.id} in (select jsonb_array_elements_text(${JSON.stringify(ids)}::jsonb))`, ne(workflows.owner, viewer.user), or(isNull(workflowShares.role), ne(workflowShares.role, 'edit'))))
      .limit(1);
    return row?.record.id;
  }

  /**
   * Changes a workflow; whatever changes, of its document or beside it, makes a new version.
   * @throws DistriError `WORKFLOW_NOT_FOUND`, `FORBIDDEN`, or `VERSION_CONFLICT` when `expectedVersion` is not the newest
   */
  async update(viewer: Viewer, id: string, change: WorkflowChange): Promise<WorkflowAt> {
    return this.#db.transaction((tx) => apply(tx, viewer, id, change, 'workflow.update'));
  }

  /** Makes the document of an older version the newest version. Throws as `update`, and InvalidDefinitionError when it may no longer be used. */
  async restore(viewer: Viewer, id: string, version: number, { note = `Restores version ${version}`, expectedVersion }: Pick<WorkflowChange, 'note' | 'expectedVersion'> = {}): Promise<WorkflowAt> {
    return this.#db.transaction(async (tx) => {
      await lockSeen(tx, viewer, id, 'edit');
      const { document } = await needVersion(tx, id, version);
      return apply(tx, viewer, id, { content: readStored(document), note, expectedVersion }, 'workflow.restore');
    });
  }

  /** Makes a private copy of the newest version. @throws DistriError `WORKFLOW_NOT_FOUND` */
  async clone(viewer: Viewer, id: string, name?: string): Promise<WorkflowAt> {
    return this.#db.transaction(async (tx) => {
      const { record } = await lockSeen(tx, viewer, id, 'read');
      const { document } = await needVersion(tx, id, record.version);
      await tx.update(workflows).set({ cloneCount: sql`${workflows.cloneCount} + 1` }).where(eq(workflows.id, id));
      const copy = { name: name ?? copyName(record.name), description: record.description ?? undefined, tags: record.tags, content: readStored(document) };
      return insert(tx, viewer.user, copy, 'workflow.clone', id);
    });
  }

  /** @throws DistriError `WORKFLOW_NOT_FOUND`, `FORBIDDEN`, or `VERSION_CONFLICT` when `expectedVersion` is not the newest */
  async delete(viewer: Viewer, id: string, expectedVersion?: number): Promise<void> {
    await this.#db.transaction(async (tx) => {
      const { record } = await lockSeen(tx, viewer, id, 'owner');
      checkVersion(record.version, expectedVersion);
      await tx.delete(workflows).where(eq(workflows.id, id));
      await audit(tx, viewer.user, 'workflow.delete', id, { name: record.name, version: record.version });
    });
  }

  /** @throws DistriError `BAD_REQUEST` for a cursor that is none */
  async list(viewer: Viewer, filter: WorkflowFilter, shelf: Shelf = 'own'): Promise<Page<SeenWorkflow>> {
    return listWorkflows(this.#db, viewer, shelf, filter);
  }

  /** Newest first. @throws DistriError `WORKFLOW_NOT_FOUND`, `BAD_REQUEST` for a cursor that is none */
  async versions(viewer: Viewer, id: string, page: { limit: number; cursor?: string | undefined }): Promise<Page<VersionRecord>> {
    requireRole(id, await findSeen(this.#db, viewer, id), 'read');
    return listVersions(this.#db, id, page);
  }

  /** One version, whatever is the newest. @throws DistriError `WORKFLOW_NOT_FOUND` */
  async version(viewer: Viewer, id: string, version: number): Promise<StoredVersion> {
    requireRole(id, await findSeen(this.#db, viewer, id), 'read');
    return needVersion(this.#db, id, version);
  }

  /** What two versions differ in. @throws DistriError `WORKFLOW_NOT_FOUND` */
  async compare(viewer: Viewer, id: string, from: number, to: number): Promise<DocumentDiff> {
    const [before, after] = [await this.version(viewer, id, from), await this.version(viewer, id, to)];
    return diffDocuments(JSON.parse(before.document) as JsonObject, JSON.parse(after.document) as JsonObject);
  }

  /**
   * The workflow that a `workflow` step of a run of this user names: by its own id one that they may run, else by that of its
   * definition one of their own, the newest update first. With a version that one, else the newest.
   */
  async findForChild(user: string, id: string, version?: string | number): Promise<WorkflowAt | undefined> {
    if (!isStorable(id)) return undefined;
    const viewer = { user, isAdmin: false };
    const found = (await this.#runnable(viewer, id)) ?? (await this.#ownCalled(viewer, id));
    const at = found && (await findVersion(this.#db, found.record.id, version === undefined ? found.record.version : Number(version)));
    return found && at && { ...found, at };
  }

  async #runnable(viewer: Viewer, id: string): Promise<SeenWorkflow | undefined> {
    const found = await findSeen(this.#db, viewer, id);
    return found && hasRole(found, 'run') ? found : undefined;
  }

  /** Anybody may give a definition any id: by it, nobody's but the user's own workflow is found. */
  async #ownCalled(viewer: Viewer, definitionId: string): Promise<SeenWorkflow | undefined> {
    const [row] = await selectSeen(this.#db, viewer)
      .where(and(eq(workflows.definitionId, definitionId), eq(workflows.owner, viewer.user)))
      .orderBy(desc(workflows.updatedAt), desc(workflows.id))
      .limit(1);
    return row && seen(viewer, row);
  }
}
