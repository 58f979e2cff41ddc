import { and, eq, sql } from 'drizzle-orm';
import type { Db } from '../database.js';
import { workflows, workflowStars } from '../tables.js';
import { findSeen, lockSeen, requireRole, type SeenWorkflow, type Viewer } from './records.js';

/** Who likes which workflow. Doing the same twice changes nothing. */
export class StarStore {
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  /** @throws DistriError `WORKFLOW_NOT_FOUND` */
  async star(viewer: Viewer, id: string): Promise<SeenWorkflow> {
    return this.#change(viewer, id, async (tx) => {
      const added = await tx.insert(workflowStars).values({ workflowId: id, userId: viewer.user }).onConflictDoNothing().returning();
      return added.length;
    });
  }

  /** @throws DistriError `WORKFLOW_NOT_FOUND` */
  async unstar(viewer: Viewer, id: string): Promise<SeenWorkflow> {
    return this.#change(viewer, id, async (tx) => {
      const mine = and(eq(workflowStars.workflowId, id), eq(workflowStars.userId, viewer.user));
      return -(await tx.delete(workflowStars).where(mine).returning()).length;
    });
  }

  /** `change` gives how many stars there are more. */
  #change(viewer: Viewer, id: string, change: (tx: Db) => Promise<number>): Promise<SeenWorkflow> {
    return this.#db.transaction(async (tx) => {
      await lockSeen(tx, viewer, id, 'read');
      const more = await change(tx);
      if (more !== 0) await tx.update(workflows).set({ starCount: sql`${workflows.starCount} + ${more}` }).where(eq(workflows.id, id));
      return requireRole(id, await findSeen(tx, viewer, id), 'read');
    });
  }
}
