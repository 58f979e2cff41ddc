import { messageOf } from '../definition/text.js';
import { tellBlockedRuns, type Signalled } from '../temporal/blocked-runs.js';
import { translate } from './rpc.js';
import type { Session } from './session.js';

export type { Signalled };

/** Tells each open run that lacks one of these skills to look again. */
export async function signalConnectionsChanged(session: Session, skills: readonly string[]): Promise<Signalled> {
  const failed = (error: unknown): void => {
    const reason = messageOf(error);
    session.warn({ code: 'CONNECTION_MISSING', message: `Blocked runs could not be told about new skills: ${reason}` });
  };
  try {
    return await tellBlockedRuns({ client: session.client, skills, ended: session.closed, failed });
  } catch (error) {
    throw translate(session, error, '');
  }
}
