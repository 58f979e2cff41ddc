import { eq, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { DistriError } from '../../definition/errors.js';
import type { JsonObject } from '../../definition/json.js';
import { cut } from '../../definition/text.js';
import { AuditLog } from '../audit.js';
import type { Db } from '../database.js';
import { workflows, workflowVersions } from '../tables.js';
import { contentHash, derivedFrom, LONGEST_NAME, nameOf, type Content } from './content.js';
import { findSeen, lockSeen, requireRole, type SeenWorkflow, type Viewer } from './records.js';
import { searchText } from './search.js';
import { needVersion, type StoredVersion } from './versions.js';

/** A workflow to keep. */
export interface NewWorkflow {
  /** Default: what its definition is called. */
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly content: Content;
  readonly tags?: readonly string[] | undefined;
  readonly isPublic?: boolean | undefined;
  readonly isTemplate?: boolean | undefined;
  /** Of its first version. */
  readonly note?: string | undefined;
}

/** What is given changes; all else stays. */
export interface WorkflowChange extends Partial<NewWorkflow> {
  /** The version that the change was made on; default: the newest. */
  readonly expectedVersion?: number | undefined;
}

/** A workflow with a version of it. */
export interface WorkflowAt extends SeenWorkflow {
  readonly at: StoredVersion;
}

/** Keeps a workflow as version 1. */
export async function insert(tx: Db, user: string, workflow: NewWorkflow, action: string, clonedFrom?: string): Promise<WorkflowAt> {
  const { content, description = null, tags = [], isPublic = false, isTemplate = false, note = null } = workflow;
  const id = uuidv7();
  const named = { name: workflow.name ?? nameOf(content), description, tags: [...tags] };
  await tx.insert(workflows).values({
    id,
    owner: user,
    ...named,
    isPublic,
    isTemplate,
    clonedFrom: clonedFrom ?? null,
    version: 1,
    // It starts nothing by itself before its new owner has looked at it.
    isUnsavedClone: clonedFrom !== undefined,
    ...derivedFrom(id, content),
    searchText: searchText(named, content.document),
  });
  await addVersion(tx, { id, version: 1, contentHash: contentHash(id, content), document: content.document, author: user, note });
  await audit(tx, user, action, id, { name: named.name, ...(clonedFrom === undefined ? {} : { cloned_from: clonedFrom }) });
  return reread(tx, { user, isAdmin: false }, id);
}

/** Changes a workflow that the viewer may edit. Throws as `WorkflowStore.update`. */
export async function apply(tx: Db, viewer: Viewer, id: string, change: WorkflowChange, action: string): Promise<WorkflowAt> {
  const found = await lockSeen(tx, viewer, id, 'edit');
  const { record } = found;
  checkVersion(record.version, change.expectedVersion);
  const at = await needVersion(tx, id, record.version);
  const content = change.content === undefined || change.content.document === at.document ? undefined : change.content;
  const fields = changedFields(record, change);
  if (fields.isPublic !== undefined) requireRole(id, found, 'owner');
  if (record.isUnsavedClone && change.content !== undefined) await tx.update(workflows).set({ isUnsavedClone: false }).where(eq(workflows.id, id));
  if (content === undefined && Object.keys(fields).length === 0) return { ...found, at };
  const version = record.version + 1;
  const changed = Object.keys(fields).map((field) => field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
  const held = content === undefined ? { contentHash: at.contentHash, documentOf: at.documentOf } : { contentHash: contentHash(id, content), document: content.document };
  await addVersion(tx, { id, version, ...held, author: viewer.user, note: change.note ?? null });
  await tx
    .update(workflows)
    .set({
      ...fields,
      ...(content && derivedFrom(id, content)),
      version,
      searchText: searchText({ ...record, ...fields }, (content ?? at).document),
      updatedAt: sql`clock_timestamp()`,
    })
    .where(eq(workflows.id, id));
  await audit(tx, viewer.user, action, id, { version, changed: content === undefined ? changed : [...changed, 'definition'] });
  return reread(tx, viewer, id);
}

/** @throws DistriError `VERSION_CONFLICT` */
export function checkVersion(newest: number, expected: number | undefined): void {
  if (expected === undefined || expected === newest) return;
  throw new DistriError('VERSION_CONFLICT', `The workflow is at version ${newest} now, and the change was made on version ${expected}: nothing was changed`, {
    hint: `Get version ${newest}, and send the change on it.`,
  });
}

/** What differs from what there is. */
function changedFields(record: WorkflowAt['record'], { name, description, tags, isPublic, isTemplate }: WorkflowChange) {
  return {
    ...(name === undefined || name === record.name ? {} : { name }),
    ...(description === undefined || description === (record.description ?? '') ? {} : { description: description === '' ? null : description }),
    ...(tags === undefined || JSON.stringify(tags) === JSON.stringify(record.tags) ? {} : { tags: [...tags] }),
    ...(isPublic === undefined || isPublic === record.isPublic ? {} : { isPublic }),
    ...(isTemplate === undefined || isTemplate === record.isTemplate ? {} : { isTemplate }),
  };
}

/** With the document, or the version that has it. */
type NewVersion = { readonly id: string } & Omit<typeof workflowVersions.$inferInsert, 'workflowId' | 'createdAt'>;

async function addVersion(tx: Db, { id, ...version }: NewVersion): Promise<void> {
  await tx.insert(workflowVersions).values({ workflowId: id, ...version });
}

/** An entry about the workflow with this id. */
export async function audit(tx: Db, actor: string, action: string, id: string, detail: JsonObject): Promise<void> {
  await new AuditLog(tx).record({ actor, action, target: `workflow:${id}`, detail });
}

async function reread(tx: Db, viewer: Viewer, id: string): Promise<WorkflowAt> {
  const found = requireRole(id, await findSeen(tx, viewer, id), 'read');
  return { ...found, at: await needVersion(tx, id, found.record.version) };
}

/** What a clone is called. */
export function copyName(name: string): string {
  const suffix = ' (copy)';
  return `${cut(name, LONGEST_NAME - suffix.length)}${suffix}`;
}
