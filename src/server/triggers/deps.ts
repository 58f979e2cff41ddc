import type { ServerDeps } from '../app.js';

/** What triggers work with. */
export type TriggerDeps = Pick<ServerDeps, 'client' | 'store' | 'logger'>;
