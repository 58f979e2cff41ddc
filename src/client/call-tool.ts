import { DistriError } from '../definition/errors.js';
import type { JsonObject, JsonValue } from '../definition/json.js';
import { cut } from '../definition/text.js';
import { cancelRun, resultOf } from './end.js';
import { describe, infoOf } from './info.js';
import type { Session } from './session.js';
import { newRunId, startRun } from './start.js';

/** How checkpoints are read that a tool keeps. */
export interface CheckpointsOptions {
  /** Ends the waiting for the tool; the reason of the signal is thrown then. */
  signal?: AbortSignal;
  /** Whether a run may be started that asks the tool. Default: true. Without it `FORBIDDEN` is thrown for such checkpoints. */
  mayStart?: boolean;
}

const LONGEST_SECS = 300;
const NO_LONGER_ASKED = 'nobody waits for the checkpoints any more';

/** Calls a tool for a run, by a run of one step that has the same owner: a client has nothing else to call a tool with. */
export async function callTool(session: Session, forRun: string, toolName: string, input: JsonObject, { signal, mayStart = true }: CheckpointsOptions): Promise<JsonValue> {
  if (!mayStart) {
    throw new DistriError('FORBIDDEN', `The checkpoints of run '${forRun}' are kept by the tool '${toolName}', which a run has to ask: this needs the right to start runs`, {
      hint: 'Over HTTP that is the scope runs:write.',
    });
  }
  const { raw } = await describe(session, forRun);
  const { owner } = await infoOf(session, raw.workflowExecutionInfo ?? {});
  const step = { id: 'call', label: `Checkpoints of ${cut(forRun, 100)}`, kind: { type: 'tool_call', tool_name: toolName, input } };
  const { runId, temporalRunId } = await startRun(
    session,
    { id: 'distri-checkpoints', steps: [step] },
    { runId: newRunId(`${cut(forRun, 150)}-checkpoints`), executionTimeoutSecs: LONGEST_SECS, ...(owner === undefined ? {} : { owner }) },
  );
  try {
    const snapshot = await resultOf(session, runId, AbortSignal.any([session.closed, ...(signal ? [signal] : [])]), temporalRunId);
    return snapshot.steps.call?.result ?? null;
  } catch (error) {
    // Best effort: it ends by itself in a few minutes.
    if (signal?.aborted === true) await cancelRun(session, runId, NO_LONGER_ASKED).catch(() => undefined);
    throw error;
  }
}
