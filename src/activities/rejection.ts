import { isObject } from '../definition/json.js';
import { StepFailure } from '../kinds/failure.js';
import type { ConnectionSource } from './connection.js';

const FORBIDDEN = 403;

/**
 * Tells the source that a service did not accept a connection, so that it can renew it before the step is placed again. Not of a 403:
 * there the service knows the account, and another token of it would be allowed no more.
 */
export async function tellRejection(error: unknown, source: ConnectionSource, owner: string | undefined): Promise<void> {
  if (!(error instanceof StepFailure) || error.code !== 'CONNECTION_REJECTED' || !isObject(error.details)) return;
  const { skill, revision, status } = error.details;
  if (typeof skill !== 'string' || typeof revision !== 'string' || status === FORBIDDEN) return;
  await source.rejected?.(skill, revision, owner);
}
