import { own } from '../definition/json.js';
import type { StepSnapshot } from '../definition/snapshot.js';
import { pause } from './rpc.js';
import type { Session } from './session.js';
import { snapshotOf } from './snapshot.js';

const PATIENCE_MS = 5_000;
const PAUSE_MS = 200;

/** A message that may be refused by its step's state. */
interface Attempt {
  readonly send: () => Promise<void>;
  /** Whether an error is such a refusal. */
  readonly refused: (error: unknown) => boolean;
  readonly stepId: string;
  /** Whether a step, as it stands, can take it. */
  readonly fits: (step: StepSnapshot) => boolean;
}

/**
 * Sends a message again for some seconds when it is refused and the run, asked right after, says that it can take it: it may
 * have come together with the news that lets it.
 */
export async function persistently(session: Session, runId: string, { send, refused, stepId, fits }: Attempt): Promise<void> {
  for (const deadline = Date.now() + PATIENCE_MS; ; await pause(PAUSE_MS, session.closed)) {
    try {
      return await send();
    } catch (error) {
      if (!refused(error) || Date.now() > deadline || session.closed.aborted) throw error;
      const step = await stepNow(session, runId, stepId);
      if (step === undefined || !fits(step)) throw error;
    }
  }
}

async function stepNow(session: Session, runId: string, stepId: string): Promise<StepSnapshot | undefined> {
  // The refusal is what counts.
  return snapshotOf(session, runId).then(({ steps }) => own(steps, stepId), () => undefined);
}
