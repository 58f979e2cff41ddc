import { and, desc, eq, lt, type SQL } from 'drizzle-orm';
import { z } from 'zod';
import type { JsonObject } from '../definition/json.js';
import { decodeCursor, encodeCursor } from './cursor.js';
import type { Db } from './database.js';
import type { Page } from './page.js';
import { toStorable, toStorableJson } from './storable.js';
import { auditLog } from './tables.js';

/** Who did what no user asked for: the server, a worker, or whoever used the command line. */
export const SYSTEM = 'system';

/** Something that was done. */
export interface AuditEntry {
  /** A user, or `SYSTEM`. */
  readonly actor: string;
  /** e.g. `workflow.update`. */
  readonly action: string;
  /** e.g. `workflow:<id>`. */
  readonly target: string;
  /** Without secrets. */
  readonly detail?: JsonObject;
}

export interface StoredAuditEntry extends AuditEntry {
  readonly id: number;
  readonly at: Date;
}

export interface AuditFilter {
  readonly target?: string;
  readonly actor?: string;
  /** Most entries of a page. */
  readonly limit: number;
  readonly cursor?: string;
}

const cursorShape = z.tuple([z.int().nonnegative()]);

/** Who did what to what, and when; nothing is ever changed, and only retention removes anything. */
export class AuditLog {
  readonly #db: Db;

  /** `db` may be a transaction: then the entry is there exactly when the change is. */
  constructor(db: Db) {
    this.#db = db;
  }

  /** Notes one or more entries, all or none. */
  async record(...entries: readonly AuditEntry[]): Promise<void> {
    const rows = entries.map(({ actor, action, target, detail }) => ({ actor, action, target: toStorable(target), detail: toStorableJson(detail ?? null) }));
    await this.#db.insert(auditLog).values(rows);
  }

  /** Newest first. @throws DistriError `BAD_REQUEST` for a cursor that is none */
  async list({ target, actor, limit, cursor }: AuditFilter): Promise<Page<StoredAuditEntry>> {
    const conditions: (SQL | undefined)[] = [
      target === undefined ? undefined : eq(auditLog.target, target),
      actor === undefined ? undefined : eq(auditLog.actor, actor),
      cursor === undefined ? undefined : lt(auditLog.id, decodeCursor(cursor, cursorShape)[0]),
    ];
    const rows = await this.#db.select().from(auditLog).where(and(...conditions)).orderBy(desc(auditLog.id)).limit(limit + 1);
    const items = rows.slice(0, limit).map(({ detail, ...entry }) => ({ ...entry, ...(detail === null ? {} : { detail: detail as JsonObject }) }));
    const last = items.at(-1);
    return { items, ...(rows.length > limit && last !== undefined ? { nextCursor: encodeCursor([last.id]) } : {}) };
  }
}
