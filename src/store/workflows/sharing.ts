import { and, asc, eq, ne } from 'drizzle-orm';
import { DistriError } from '../../definition/errors.js';
import type { Db } from '../database.js';
import { workflowShares } from '../tables.js';
import { audit } from './changes.js';
import { findSeen, lockSeen, requireRole, type ShareRole, type Viewer } from './records.js';

export interface Share {
  readonly userId: string;
  readonly role: ShareRole;
  readonly createdAt: Date;
}

/** A workflow may be shared with so many users. */
export const MOST_SHARES = 1_000;

/** With whom workflows are shared; only their owners (and admins) see and change that. */
export class ShareStore {
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  /** Gives a user a role, in place of the one that they had. @throws DistriError `WORKFLOW_NOT_FOUND`, `FORBIDDEN`, `BAD_REQUEST` */
  async share(viewer: Viewer, id: string, userId: string, role: ShareRole): Promise<Share> {
    return this.#db.transaction(async (tx) => {
      const { record } = await lockSeen(tx, viewer, id, 'owner');
      if (record.owner === userId) throw new DistriError('BAD_REQUEST', `The workflow belongs to '${userId}': it cannot be shared with its owner`);
      const others = await tx.$count(workflowShares, and(eq(workflowShares.workflowId, id), ne(workflowShares.userId, userId)));
      if (others >= MOST_SHARES) throw new DistriError('BAD_REQUEST', `The workflow is shared with ${others} users, and ${MOST_SHARES} is the most`, { hint: 'Make it public.' });
      const [share] = await tx
        .insert(workflowShares)
        .values({ workflowId: id, userId, role })
        .onConflictDoUpdate({ target: [workflowShares.workflowId, workflowShares.userId], set: { role } })
        .returning({ userId: workflowShares.userId, role: workflowShares.role, createdAt: workflowShares.createdAt });
      if (share === undefined) throw new Error('A share that was inserted is not there');
      await audit(tx, viewer.user, 'workflow.share', id, { user_id: userId, role });
      return share;
    });
  }

  /** Takes the role away; it is no error when there is none. @throws DistriError `WORKFLOW_NOT_FOUND`, `FORBIDDEN` */
  async unshare(viewer: Viewer, id: string, userId: string): Promise<void> {
    await this.#db.transaction(async (tx) => {
      await lockSeen(tx, viewer, id, 'owner');
      const removed = await tx
        .delete(workflowShares)
        .where(and(eq(workflowShares.workflowId, id), eq(workflowShares.userId, userId)))
        .returning({ role: workflowShares.role });
      if (removed.length > 0) await audit(tx, viewer.user, 'workflow.unshare', id, { user_id: userId });
    });
  }

  /** By user. @throws DistriError `WORKFLOW_NOT_FOUND`, `FORBIDDEN` */
  async list(viewer: Viewer, id: string): Promise<Share[]> {
    requireRole(id, await findSeen(this.#db, viewer, id), 'owner');
    return this.#db
      .select({ userId: workflowShares.userId, role: workflowShares.role, createdAt: workflowShares.createdAt })
      .from(workflowShares)
      .where(eq(workflowShares.workflowId, id))
      .orderBy(asc(workflowShares.userId));
  }
}
