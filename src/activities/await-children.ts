import { ApplicationFailure } from '@temporalio/activity';
import { type Client, WorkflowFailedError, WorkflowNotFoundError } from '@temporalio/client';
import { ApplicationFailureCategory } from '@temporalio/common';
import { endingOf } from '../definition/ending.js';
import type { AwaitedChildren, ChildEnded, ChildResult } from '../definition/messages.js';
import { cut, wellFormed } from '../definition/text.js';

/** What one answer holds at most; the rest comes with the next one. */
const MOST_BYTES = 1_048_576;
const LONGEST_MESSAGE = 10_000;

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
    if (error instanceof WorkflowNotFoundError) return { run_id: runId, status: 'failed', code: 'RUN_NOT_FOUND', message: 'the server does not know it any more' };
    if (!(error instanceof WorkflowFailedError)) throw error;
    const ending = endingOf(error);
    return { run_id: runId, ...ending, message: cut(wellFormed(ending.message), LONGEST_MESSAGE) };
  }
}
