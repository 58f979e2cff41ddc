import { and, asc, desc, eq, inArray, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { AuditLog, SYSTEM } from './audit.js';
import type { Db } from './database.js';
import type { Sealer } from './seal.js';
import { connections, SHARED_OWNER } from './tables.js';

/** What is secret in a connection. It is encrypted wherever it is kept. */
export interface Credentials {
  readonly secrets: { readonly [name: string]: string };
  /** Authorization as it is sent to the connection's hosts. */
  readonly headers: { readonly [name: string]: string };
  /** Of OAuth: with it the access token can be renewed. */
  readonly refreshToken?: string;
}

/** A connection as it is stored. `expiresAt` of one that can be renewed is that of its access token. */
export type ConnectionRow = typeof connections.$inferSelect;

export interface NewConnection {
  /** A user, or `SHARED_OWNER`. */
  readonly owner: string;
  readonly skill: string;
  readonly provider: string;
  readonly account?: string | undefined;
  readonly permissions: readonly string[];
  readonly env: { readonly [name: string]: string };
  readonly hosts: readonly string[];
  readonly expiresAt?: Date | undefined;
  readonly credentials: Credentials;
}

/** A row that is locked while it is renewed. */
export interface LockedConnection {
  readonly row: ConnectionRow;
  /** Puts new credentials into it, under a new revision. */
  readonly renew: (credentials: Credentials, expiresAt: Date | undefined) => Promise<ConnectionRow>;
  /** It can no longer be used, and why. */
  readonly breakIt: (problem: string) => Promise<ConnectionRow>;
}

/** Accounts and credentials by owner and skill; each owner has one connection of a skill at most. What changes them, but for renewals, is in the audit log. */
export class ConnectionStore {
  constructor(
    private readonly db: Db,
    private readonly sealer: Sealer,
  ) {}

  /** The owner's own connections and the shared ones, by skill, the own before the shared of the same skill. */
  async list(owner: string): Promise<ConnectionRow[]> {
    return this.db.select().from(connections).where(inArray(connections.owner, [owner, SHARED_OWNER])).orderBy(asc(connections.skill), desc(connections.owner));
  }

  /** What a run of this owner uses, broken or not: the owner's own, else the shared one. */
  async find(skill: string, owner: string = SHARED_OWNER): Promise<ConnectionRow | undefined> {
    const which = and(eq(connections.skill, skill), inArray(connections.owner, [owner, SHARED_OWNER]));
    // The shared owner is the empty text, and sorts last.
    const [row] = await this.db.select().from(connections).where(which).orderBy(desc(connections.owner)).limit(1);
    return row;
  }

  /** The skills that there are connections of, whoever owns them. */
  async skills(): Promise<string[]> {
    const rows = await this.db.selectDistinct({ skill: connections.skill }).from(connections).orderBy(asc(connections.skill));
    return rows.map(({ skill }) => skill);
  }

  /** Adds a connection, or puts it in the place of the owner's of that skill. Throws `BAD_SECRET_KEY`. */
  async put({ credentials, account, expiresAt, ...given }: NewConnection, actor = SYSTEM): Promise<ConnectionRow> {
    // A new id even in the place of another one: what was sealed for that cannot be taken for this.
    const id = uuidv7();
    const values = {
      ...given,
      id,
      account: account ?? null,
      status: 'active' as const,
      problem: null,
      permissions: [...given.permissions],
      hosts: [...given.hosts],
      sealed: this.#seal(credentials, id),
      revision: uuidv7(),
      expiresAt: expiresAt ?? null,
    };
    return this.db.transaction(async (tx) => {
      const [row] = await tx
        .insert(connections)
        .values(values)
        .onConflictDoUpdate({ target: [connections.owner, connections.skill], set: { ...values, updatedAt: sql`now()` } })
        .returning();
      if (row === undefined) throw new Error('A connection was put and is not there');
      await audit(tx, actor, 'create', row);
      return row;
    });
  }

  /** Removes it; undefined when there was none. */
  async remove(skill: string, owner: string, actor = SYSTEM): Promise<ConnectionRow | undefined> {
    return this.db.transaction(async (tx) => {
      const [row] = await tx.delete(connections).where(and(eq(connections.skill, skill), eq(connections.owner, owner))).returning();
      if (row !== undefined) await audit(tx, actor, 'delete', row);
      return row;
    });
  }

  /** What is secret in it. Throws `BAD_SECRET_KEY`. */
  open({ sealed, id }: ConnectionRow): Credentials {
    return JSON.parse(this.sealer.open(sealed, id)) as Credentials;
  }

  /** Its token has ended by now, whatever was said of its time; nothing happens when it has another revision meanwhile. */
  async endToken({ id, revision }: Pick<ConnectionRow, 'id' | 'revision'>): Promise<void> {
    await this.db.update(connections).set({ expiresAt: new Date() }).where(and(eq(connections.id, id), eq(connections.revision, revision)));
  }

  /** Works on a connection that nobody else may change meanwhile, read afresh. Undefined when it is no longer there. */
  async locked<T>(id: string, work: (locked: LockedConnection) => Promise<T>): Promise<T | undefined> {
    return this.db.transaction(async (tx) => {
      const [row] = await tx.select().from(connections).where(eq(connections.id, id)).for('update');
      if (row === undefined) return undefined;
      const change = async (values: Partial<ConnectionRow>): Promise<ConnectionRow> => {
        const changed = { ...values, revision: uuidv7() };
        const [after] = await tx.update(connections).set({ ...changed, updatedAt: sql`now()` }).where(eq(connections.id, id)).returning();
        return after ?? { ...row, ...changed };
      };
      return work({
        row,
        renew: (credentials, expiresAt) => change({ sealed: this.#seal(credentials, id), expiresAt: expiresAt ?? null }),
        breakIt: async (problem) => {
          const broken = await change({ status: 'broken', problem });
          await new AuditLog(tx).record({ actor: SYSTEM, action: 'connection.break', target: `connection:${id}`, detail: { skill: row.skill, owner: row.owner } });
          return broken;
        },
      });
    });
  }

  #seal(credentials: Credentials, id: string): string {
    return this.sealer.seal(JSON.stringify(credentials), id);
  }
}

async function audit(tx: Db, actor: string, action: 'create' | 'delete', { id, skill, provider, owner, permissions }: ConnectionRow): Promise<void> {
  await new AuditLog(tx).record({
    actor,
    action: `connection.${action}`,
    target: `connection:${id}`,
    detail: { skill, provider, permissions, ...(owner === SHARED_OWNER ? { shared: true } : { owner }) },
  });
}
