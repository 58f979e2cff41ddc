import { DistriError } from '../definition/errors.js';
import { QUERIES } from '../definition/messages.js';
import { isEnded, type RunSnapshot } from '../definition/snapshot.js';
import { ask } from './ask.js';
import { withAttempts } from './attempts.js';
import { readEnded } from './ended.js';
import { engineError } from './engine-error.js';
import { describe, type Described, type End } from './info.js';
import { retell } from './retell.js';
import type { Session } from './session.js';

/** How long a run is asked whose workflow task keeps failing: it may be about to go on. */
const STUCK_TIMEOUT_MS = 2_000;

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
  let stuck = await engineError(session, described);
  let snapshot: RunSnapshot;
  try {
    snapshot = await ask<RunSnapshot>(session, execution.workflowId, QUERIES.snapshot, [], stuck === undefined ? undefined : STUCK_TIMEOUT_MS);
  } catch (error) {
    // It may have got stuck while it was asked.
    if (error instanceof DistriError && error.code === 'ENGINE_ERROR') stuck ??= error.message;
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
