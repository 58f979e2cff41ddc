import { SIGNALS, type ConnectionsChanged } from '../definition/messages.js';
import { runsLacking } from './list.js';
import { pause, timed } from './rpc.js';
import type { Session } from './session.js';

/** Visibility lags, so the runs are listed again this long after the first time. */
const AGAIN_AFTER_MS = [2_000, 10_000];
const AT_ONCE = 20;

/** Runs that were told about skills. */
export interface Signalled {
  /** Runs told by the first listing. */
  signalled: number;
  /** Resolves, never rejects, when the later listings are through; after 10 s, or when the client is closed. */
  settled: Promise<void>;
}

/** Tells each open run that lacks one of these skills to look again. */
export async function signalConnectionsChanged(session: Session, skills: readonly string[]): Promise<Signalled> {
  const told = new Set<string>();
  await tell(session, skills, told);
  return { signalled: told.size, settled: tellAgain(session, skills, told) };
}

async function tellAgain(session: Session, skills: readonly string[], told: Set<string>): Promise<void> {
  const begun = Date.now();
  for (const after of AGAIN_AFTER_MS) {
    await pause(begun + after - Date.now(), session.closed);
    if (session.closed.aborted) return;
    await tell(session, skills, told).catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      session.warn({ code: 'CONNECTION_MISSING', message: `Blocked runs could not be told about new skills: ${reason}` });
    });
  }
}

async function tell(session: Session, skills: readonly string[], told: Set<string>): Promise<void> {
  if (skills.length === 0) return;
  const queue: string[] = [];
  for await (const { run_id } of runsLacking(session, skills)) if (!told.has(run_id)) queue.push(run_id);
  const message: ConnectionsChanged = { skills: [...skills] };
  const work = async (): Promise<void> => {
    for (let runId = queue.pop(); runId !== undefined; runId = queue.pop()) {
      const handle = session.client.workflow.getHandle(runId);
      // A run that has ended since it was listed needs no telling.
      await timed(session, () => handle.signal(SIGNALS.connectionsChanged, message)).then(
        () => told.add(runId),
        () => undefined,
      );
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}
