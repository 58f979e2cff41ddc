import { QueryNotRegisteredError } from '@temporalio/client';
import { DistriError } from '../definition/errors.js';
import { unanswered } from './engine-error.js';
import { isUnanswered, translate } from './rpc.js';
import type { Session } from './session.js';

/** How long a live worker may take to answer a query or an update. */
export const ANSWER_TIMEOUT_MS = 10_000;

/**
 * Asks a workflow. The type is what the contract of the query says (`definition/messages.ts`).
 * Throws `NO_WORKER` when no worker answers within 10 s (`timeoutMs`), `ENGINE_ERROR` when the interpreter cannot.
 */
export async function ask<T>(session: Session, workflowId: string, query: string, args: unknown[] = [], timeoutMs = ANSWER_TIMEOUT_MS): Promise<T> {
  const handle = session.client.workflow.getHandle(workflowId);
  try {
    return await session.client.withDeadline(Date.now() + timeoutMs, () => handle.query<T, unknown[]>(query, ...args));
  } catch (error) {
    if (error instanceof QueryNotRegisteredError) {
      throw new DistriError('INTERNAL', `The query '${query}' of run '${workflowId}' failed: ${error.message}`, { cause: error });
    }
    if (isUnanswered(error)) throw await unanswered(session, workflowId, error);
    throw translate(session, error, workflowId);
  }
}
