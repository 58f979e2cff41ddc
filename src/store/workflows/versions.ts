import { and, desc, eq, getTableColumns, lt, sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { z } from 'zod';
import { DistriError } from '../../definition/errors.js';
import { decodeCursor, encodeCursor } from '../cursor.js';
import type { Db } from '../database.js';
import type { Page } from '../page.js';
import { workflowVersions } from '../tables.js';

/** A version without its document. */
export type VersionRecord = Omit<typeof workflowVersions.$inferSelect, 'workflowId' | 'document' | 'documentOf'>;

/** A version, which never changes. */
export interface StoredVersion extends VersionRecord {
  readonly document: string;
  /** The version that its document is kept with. */
  readonly documentOf: number;
}

const { workflowId: _workflowId, document: _document, documentOf: _documentOf, ...versionRecordColumns } = getTableColumns(workflowVersions);
const holders = alias(workflowVersions, 'holders');

/** For queries of versions with their documents: a join `on` what holds the document, and the document. */
export const documentHolder = {
  table: holders,
  on: and(eq(holders.workflowId, workflowVersions.workflowId), eq(holders.version, sql`coalesce(${workflowVersions.documentOf}, ${workflowVersions.version})`)),
  document: sql<string>`${holders.document}`,
};
/** Of a column of type `integer`. */
const LARGEST_VERSION = 2_147_483_647;
const cursorShape = z.tuple([z.int().min(1).max(LARGEST_VERSION)]);

export async function findVersion(db: Db, workflowId: string, version: number): Promise<StoredVersion | undefined> {
  if (!Number.isInteger(version) || version < 1 || version > LARGEST_VERSION) return undefined;
  const [found] = await db
    .select({ ...versionRecordColumns, document: documentHolder.document, documentOf: holders.version })
    .from(workflowVersions)
    .innerJoin(documentHolder.table, documentHolder.on)
    .where(and(eq(workflowVersions.workflowId, workflowId), eq(workflowVersions.version, version)));
  return found;
}

/** @throws DistriError `WORKFLOW_NOT_FOUND` */
export async function needVersion(db: Db, workflowId: string, version: number): Promise<StoredVersion> {
  const found = await findVersion(db, workflowId, version);
  if (found !== undefined) return found;
  throw new DistriError('WORKFLOW_NOT_FOUND', `The workflow '${workflowId}' has no version ${version}`, { hint: `Look at its versions: GET /v1/workflows/${workflowId}/versions` });
}

/** Newest first. @throws DistriError `BAD_REQUEST` for a cursor that is none */
export async function listVersions(db: Db, workflowId: string, { limit, cursor }: { limit: number; cursor?: string | undefined }): Promise<Page<VersionRecord>> {
  const before = cursor === undefined ? undefined : lt(workflowVersions.version, decodeCursor(cursor, cursorShape)[0]);
  const rows = await db
    .select(versionRecordColumns)
    .from(workflowVersions)
    .where(and(eq(workflowVersions.workflowId, workflowId), before))
    .orderBy(desc(workflowVersions.version))
    .limit(limit + 1);
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, ...(rows.length > limit && last !== undefined ? { nextCursor: encodeCursor([last.version]) } : {}) };
}
