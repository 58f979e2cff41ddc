import { DistriError } from '../definition/errors.js';
import { backward, decodeFailure } from './history.js';
import { describe, type Described } from './info.js';
import { noAnswer } from './rpc.js';
import type { Session } from './session.js';

/** From this attempt on a pending workflow task means that the interpreter is stuck. */
const STUCK_ATTEMPT = 3;

/** The interpreter's last error when its workflow task keeps failing; undefined when all is well. */
export async function engineError(session: Session, described: Described): Promise<string | undefined> {
  const attempt = described.raw.pendingWorkflowTask?.attempt ?? 0;
  if (attempt < STUCK_ATTEMPT) return undefined;
  const { execution } = described;
  const prefix = `The workflow task of the run fails (attempt ${attempt})`;
  for await (const event of backward(session, execution)) {
    const failed = event.workflowTaskFailedEventAttributes;
    if (failed) {
      const cause = await decodeFailure(session, execution.workflowId, failed.failure);
      return `${prefix}: ${cause?.message ?? 'unknown cause'}`;
    }
    if (event.workflowTaskTimedOutEventAttributes) return `${prefix}: it timed out`;
    if (event.workflowTaskCompletedEventAttributes) break;
  }
  return `${prefix}: see its history`;
}

/** Why a run did not answer: `ENGINE_ERROR` when its workflow task keeps failing, else `NO_WORKER` or `NO_TEMPORAL_SERVER`. */
export async function unanswered(session: Session, runId: string, cause: unknown): Promise<Error> {
  const stuck = await describe(session, runId)
    .then((described) => engineError(session, described))
    .catch(() => undefined);
  if (stuck === undefined) return noAnswer(session, cause);
  return new DistriError('ENGINE_ERROR', stuck, {
    cause,
    hint: 'Nothing more happens in the run until the cause is gone; docs/errors.md says what to do.',
  });
}
