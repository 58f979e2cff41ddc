import { QUERIES } from '../definition/messages.js';
import { isEnded, type RunSnapshot } from '../definition/snapshot.js';
import { ask } from './ask.js';
import { withAttempts } from './attempts.js';
import { readEnded } from './ended.js';
import { backward, decodeFailure } from './history.js';
import { describe, type Described, type End } from './info.js';
import { retell } from './retell.js';
import type { Session } from './session.js';

/** From this attempt on a pending workflow task means that the interpreter is stuck. */
const STUCK_ATTEMPT = 3;

/** The run at this moment, live or ended. */
export async function snapshotOf(session: Session, runId: string): Promise<RunSnapshot> {
  const described = await describe(session, runId);
  if (hasEnded(described)) return (await readEnded(session, described)).snapshot;
  const snapshot = await live(session, described);
  if (!isEnded(snapshot.status)) return snapshot;
  // It has ended since it was described, and what it has left tells more: its output too.
  const again = await describe(session, runId);
  return hasEnded(again) ? (await readEnded(session, again)).snapshot : snapshot;
}

/** Whether a description is that of an ended run. */
export function hasEnded(described: Described): described is Described & { end: End } {
  return described.end !== undefined;
}

async function live(session: Session, described: Described): Promise<RunSnapshot> {
  const { execution } = described;
  const stuck = await engineError(session, described);
  let snapshot: RunSnapshot;
  try {
    snapshot = await ask<RunSnapshot>(session, execution.workflowId, QUERIES.snapshot);
  } catch (error) {
    if (stuck === undefined) throw error;
    snapshot = await retell(session, execution, { status: 'running' });
  }
  return {
    ...snapshot,
    steps: await withAttempts(session, snapshot.steps, described),
    temporal_run_id: execution.runId,
    ...(stuck === undefined ? {} : { engine_error: stuck }),
  };
}

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
