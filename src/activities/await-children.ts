import { ApplicationFailure } from '@temporalio/activity';
import { type Client, WorkflowFailedError, WorkflowNotFoundError } from '@temporalio/client';
import { ApplicationFailureCategory, CancelledFailure, TerminatedFailure, TimeoutFailure } from '@temporalio/common';
import type { AwaitedChildren, ChildEnded, ChildResult } from '../definition/messages.js';
import { cut, wellFormed } from '../definition/text.js';

/** What one answer holds at most; the rest comes with the next one. */
const MOST_BYTES = 1_048_576;

/** Says how children have ended; fails, to be tried again, while none has. Their parent asks for those that cannot tell it. */
export type AwaitChildren = (awaited: AwaitedChildren) => Promise<ChildEnded[]>;

export function createAwaitChildren(client: Client): AwaitChildren {
  return async ({ run_ids }) => {
    const ended: ChildEnded[] = [];
    let bytes = 0;
    for (const runId of run_ids) {
      const end = await endOf(client, runId);
      if (end === undefined) continue;
      bytes += Buffer.byteLength(JSON.stringify(end));
      if (bytes > MOST_BYTES && ended.length > 0) break;
      ended.push(end);
    }
    if (ended.length > 0) return ended;
    throw ApplicationFailure.create({
      type: 'WORKER_LOST',
      message: `${run_ids.length} runs have not ended yet`,
      category: ApplicationFailureCategory.BENIGN,
    });
  };
}

async function endOf(client: Client, runId: string): Promise<ChildEnded | undefined> {
  try {
    const { status, runId: execution } = await client.workflow.getHandle(runId).describe();
    if (status.name === 'RUNNING' || status.name === 'PAUSED') return undefined;
    const result = (await client.workflow.getHandle(runId, execution).result()) as ChildResult;
    return { run_id: runId, status: 'completed', ...result };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return failed(runId, 'RUN_NOT_FOUND', 'the server does not know it any more');
    if (!(error instanceof WorkflowFailedError)) throw error;
    return failureOf(runId, deepest(error));
  }
}

function failureOf(runId: string, cause: Error): ChildEnded {
  if (cause instanceof CancelledFailure) return { run_id: runId, status: 'canceled', code: 'RUN_CANCELED', message: 'it was canceled' };
  if (cause instanceof TerminatedFailure) return failed(runId, 'RUN_FAILED', 'it was terminated');
  if (cause instanceof TimeoutFailure) return failed(runId, 'TIMED_OUT', 'it timed out');
  return failed(runId, (cause instanceof ApplicationFailure && cause.type) || 'RUN_FAILED', cause.message);
}

function failed(runId: string, code: string, message: string): ChildEnded {
  return { run_id: runId, status: 'failed', code, message: cut(wellFormed(message), 10_000) };
}

/** What lies beneath failures that only say what failed. */
function deepest(error: Error): Error {
  return error.cause instanceof Error ? deepest(error.cause) : error;
}
