import { and, eq, getTableColumns, isNotNull, or, sql, type SQL } from 'drizzle-orm';
import { validate as isUuid } from 'uuid';
import { DistriError } from '../../definition/errors.js';
import type { Db } from '../database.js';
import { workflows, workflowShares, workflowStars } from '../tables.js';

/** Who looks: everything that is not theirs, shared with them or public is as if it were not there. */
export interface Viewer {
  readonly user: string;
  readonly isAdmin: boolean;
}

/** What a viewer may do with a workflow; each includes those before it. */
export const ROLES = ['read', 'run', 'edit', 'owner'] as const;
export type Role = (typeof ROLES)[number];

/** What may be given to others. */
export type ShareRole = Exclude<Role, 'owner'>;

/** A workflow without its document. */
export type WorkflowRecord = Omit<typeof workflows.$inferSelect, 'search' | 'searchText'>;

/** A workflow as somebody sees it. */
export interface SeenWorkflow {
  readonly record: WorkflowRecord;
  readonly role: Role;
  readonly isStarred: boolean;
}

const { search: _search, searchText: _searchText, ...recordColumns } = getTableColumns(workflows);

/** Workflows beside what binds the viewer to them; add conditions, and `visibleTo` unless they say it already. */
export function selectSeen(db: Db, { user }: Viewer) {
  return db
    .select({ record: recordColumns, shareRole: workflowShares.role, starredAt: workflowStars.createdAt })
    .from(workflows)
    .leftJoin(workflowShares, and(eq(workflowShares.workflowId, workflows.id), eq(workflowShares.userId, user)))
    .leftJoin(workflowStars, and(eq(workflowStars.workflowId, workflows.id), eq(workflowStars.userId, user)))
    .$dynamic();
}

/** Their own and what is shared with them; for an admin all. */
export function belongsTo({ user, isAdmin }: Viewer): SQL | undefined {
  return isAdmin ? undefined : or(eq(workflows.owner, user), isNotNull(workflowShares.role));
}

/** What the viewer may see at all. */
export function visibleTo(viewer: Viewer): SQL | undefined {
  return viewer.isAdmin ? undefined : or(belongsTo(viewer), workflows.isPublic);
}

/** A row of `selectSeen`, which must be visible to the viewer. */
export function seen(viewer: Viewer, { record, shareRole, starredAt }: Awaited<ReturnType<typeof selectSeen>>[number]): SeenWorkflow {
  return { record, role: roleOf(viewer, record, shareRole), isStarred: starredAt !== null };
}

function roleOf({ user, isAdmin }: Viewer, { owner, isPublic }: WorkflowRecord, shareRole: ShareRole | null): Role {
  if (isAdmin || owner === user) return 'owner';
  const shared = shareRole ?? 'read';
  return isPublic && shared === 'read' ? 'run' : shared;
}

/** The workflow, or undefined when there is none that the viewer may see. */
export async function findSeen(db: Db, viewer: Viewer, id: string): Promise<SeenWorkflow | undefined> {
  if (!isUuid(id)) return undefined;
  const [row] = await selectSeen(db, viewer).where(and(eq(workflows.id, id), visibleTo(viewer)));
  return row && seen(viewer, row);
}

/**
 * The workflow with its row locked until the transaction ends, so that changes of one workflow come one after the other.
 * @throws DistriError `WORKFLOW_NOT_FOUND`, `FORBIDDEN`
 */
export async function lockSeen(tx: Db, viewer: Viewer, id: string, needed: Role): Promise<SeenWorkflow> {
  // Not FOR UPDATE, which would wait for every insert that refers to the row, and could wait in a circle.
  if (isUuid(id)) await tx.execute(sql`select 1 from ${workflows} where ${workflows.id} = ${id} for no key update`);
  return requireRole(id, await findSeen(tx, viewer, id), needed);
}

/** Whether a viewer's role includes another one. */
export function hasRole({ role }: { readonly role: Role }, needed: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(needed);
}

/** @throws DistriError `WORKFLOW_NOT_FOUND` for a workflow that is not to be seen, `FORBIDDEN` when the role is too low */
export function requireRole<T extends { readonly role: Role }>(id: string, found: T | undefined, needed: Role): T {
  if (found === undefined) throw notFound(id);
  if (hasRole(found, needed)) return found;
  throw new DistriError('FORBIDDEN', `This needs the role ${needed} for the workflow '${id}', and yours is ${found.role}`, {
    hint: needed === 'owner' ? 'Only its owner may do this.' : 'Ask its owner for that role, or clone the workflow.',
  });
}

export function notFound(id: string): DistriError {
  return new DistriError('WORKFLOW_NOT_FOUND', `There is no workflow '${id}'`, { hint: 'Look at the list of your workflows: GET /v1/workflows' });
}
