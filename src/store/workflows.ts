import type { Db } from './database.js';

/** Who looks: everything that is not theirs, shared with them or public is as if it were not there. */
export interface Viewer {
  readonly user: string;
  readonly isAdmin: boolean;
}

/** What a viewer may do with a workflow; each includes those before it. */
export const ROLES = ['read', 'run', 'edit', 'owner'] as const;
export type Role = (typeof ROLES)[number];

/** Workflows with their immutable versions. */
export class WorkflowStore {
  constructor(readonly db: Db) {}
}
