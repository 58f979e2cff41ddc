import { DistriError } from '../definition/errors.js';
import { MOST_INLINE_BYTES } from '../definition/messages.js';
import type { Session } from './session.js';

/** Temporal takes ten updates of a workflow at once; two places are left to other clients. */
const AT_ONCE = 8;
/** So long an update waits for its turn. */
const LONGEST_WAIT_MS = 60_000;

interface Waiting {
  readonly bytes: number;
  readonly begin: () => void;
  readonly fail: (error: DistriError) => void;
}

interface Line {
  underWay: number;
  /** Of those under way: all that come in one workflow task must fit it together. */
  bytes: number;
  readonly waiting: Waiting[];
}

const lines = new WeakMap<Session, Map<string, Line>>();

/** Too many updates of a run at once, by this client and others. */
export function overloaded(runId: string, cause?: unknown): DistriError {
  return new DistriError('OVERLOADED', `Run '${runId}' is told more at once than it can take`, {
    ...(cause === undefined ? {} : { cause }),
    hint: 'Nothing was stored; send it again in a few seconds.',
  });
}

/** Errors that all updates which wait for their turn would get, too, each after its time. */
function endsLine(error: unknown): error is DistriError {
  return error instanceof DistriError && (error.code === 'NO_WORKER' || error.code === 'NO_TEMPORAL_SERVER' || error.code === 'ENGINE_ERROR');
}

/** Sends an update of so many bytes when its turn among those of its run has come. */
export async function inTurn<T>(session: Session, runId: string, bytes: number, send: () => Promise<T>): Promise<T> {
  const ofSession = lines.get(session) ?? new Map<string, Line>();
  lines.set(session, ofSession);
  const line = ofSession.get(runId) ?? { underWay: 0, bytes: 0, waiting: [] };
  ofSession.set(runId, line);
  await turn(line, runId, bytes);
  try {
    return await send();
  } catch (error) {
    if (endsLine(error)) for (const { fail } of line.waiting.splice(0)) fail(error);
    throw error;
  } finally {
    line.underWay -= 1;
    line.bytes -= bytes;
    callNext(line);
    if (line.underWay === 0) ofSession.delete(runId);
  }
}

/** The first in line begin for whom there is room; one that is large waits until it is alone. */
function callNext(line: Line): void {
  for (let next = line.waiting[0]; next !== undefined && hasRoom(line, next.bytes); next = line.waiting[0]) {
    line.waiting.shift();
    next.begin();
  }
}

function hasRoom({ underWay, bytes: taken }: Line, bytes: number): boolean {
  return underWay === 0 || (underWay < AT_ONCE && taken + bytes <= MOST_INLINE_BYTES);
}

function turn(line: Line, runId: string, bytes: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const waiting: Waiting = {
      bytes,
      begin: () => {
        clearTimeout(timer);
        line.underWay += 1;
        line.bytes += bytes;
        resolve();
      },
      fail: (error) => {
        clearTimeout(timer);
        reject(error);
      },
    };
    const timer = setTimeout(() => {
      line.waiting.splice(line.waiting.indexOf(waiting), 1);
      reject(overloaded(runId));
    }, LONGEST_WAIT_MS);
    line.waiting.push(waiting);
    callNext(line);
  });
}
