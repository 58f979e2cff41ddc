import { and, arrayOverlaps, desc, eq, isNotNull, sql, type SQL } from 'drizzle-orm';
import { z } from 'zod';
import { decodeCursor, encodeCursor } from '../cursor.js';
import type { Db } from '../database.js';
import type { Page } from '../page.js';
import { instantSchema } from '../storable.js';
import { workflows, workflowStars } from '../tables.js';
import { belongsTo, seen, selectSeen, visibleTo, type SeenWorkflow, type Viewer } from './records.js';
import { matches } from './search.js';

/** What to list, newest update first. */
export interface WorkflowFilter {
  readonly isPublic?: boolean | undefined;
  readonly isTemplate?: boolean | undefined;
  /** Any of them. */
  readonly tags?: readonly string[] | undefined;
  readonly search?: string | undefined;
  readonly limit: number;
  readonly offset?: number | undefined;
  /** `nextCursor` of the page before. Workflows that change meanwhile may be passed over; all others come exactly once. */
  readonly cursor?: string | undefined;
}

/** `own`: theirs and shared with them; `public`: everybody's public ones; `starred`: of those that they may see. */
export type Shelf = 'own' | 'public' | 'starred';

const cursorShape = z.tuple([instantSchema, z.uuid()]);

/** @throws DistriError `BAD_REQUEST` for a cursor that is none */
export async function listWorkflows(db: Db, viewer: Viewer, shelf: Shelf, filter: WorkflowFilter): Promise<Page<SeenWorkflow>> {
  const { limit, offset = 0 } = filter;
  const rows = await selectSeen(db, viewer)
    .where(and(onShelf(viewer, shelf), ...conditions(filter)))
    .orderBy(desc(workflows.updatedAt), desc(workflows.id))
    .limit(limit + 1)
    .offset(offset);
  const items = rows.slice(0, limit).map((row) => seen(viewer, row));
  const last = items.at(-1)?.record;
  return { items, ...(rows.length > limit && last !== undefined ? { nextCursor: encodeCursor([last.updatedAt.toISOString(), last.id]) } : {}) };
}

function onShelf(viewer: Viewer, shelf: Shelf): SQL | undefined {
  switch (shelf) {
    case 'own':
      return belongsTo(viewer);
    case 'public':
      return eq(workflows.isPublic, true);
    case 'starred':
      return and(isNotNull(workflowStars.createdAt), visibleTo(viewer));
  }
}

function conditions({ isPublic, isTemplate, tags, search, cursor }: WorkflowFilter): (SQL | undefined)[] {
  return [
    isPublic === undefined ? undefined : eq(workflows.isPublic, isPublic),
    isTemplate === undefined ? undefined : eq(workflows.isTemplate, isTemplate),
    tags === undefined || tags.length === 0 ? undefined : arrayOverlaps(workflows.tags, [...tags]),
    search === undefined || search.trim() === '' ? undefined : matches(search.trim()),
    cursor === undefined ? undefined : after(cursor),
  ];
}

function after(cursor: string): SQL {
  const [updatedAt, id] = decodeCursor(cursor, cursorShape);
  return sql`(${workflows.updatedAt}, ${workflows.id}) < (${new Date(updatedAt).toISOString()}::timestamptz, ${id})`;
}
