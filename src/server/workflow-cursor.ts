import { createHash } from 'node:crypto';
import { DistriError } from '../definition/errors.js';

/** How far a reader of a workflow's events has come. */
export interface WorkflowCursor {
  /** All runs that started before are followed, or told to the end. Milliseconds since the epoch. */
  readonly since: number;
  /** The last `seq` told of each run that is followed. */
  readonly runs: ReadonlyMap<string, number>;
  /** Short hashes of the runs that started since and are told to the end. */
  readonly done: ReadonlySet<string>;
}

/** Between parts of the text; nothing that is percent-encoded holds one of these. */
const [PART, SEQ, SHORT, DONE] = [';', '=', '+', '$'] as const;
/** A server takes 16 KiB of headers in all. */
export const LONGEST_CURSOR = 8_000;

/** A cursor as the id of a message: it comes back in the header `Last-Event-ID`, so it has visible ASCII characters only. */
export function cursorText(workflowId: string, { since, runs, done }: Omit<WorkflowCursor, 'done'> & { readonly done: Iterable<string> }): string {
  const parts = [since.toString(36)];
  for (const [runId, seq] of runs) parts.push(`${shortened(workflowId, runId)}${SEQ}${seq.toString(36)}`);
  for (const hash of done) parts.push(`${DONE}${hash}`);
  return parts.join(PART);
}

/** @throws DistriError `BAD_REQUEST` for a text that is no cursor */
export function readCursor(workflowId: string, text: string): WorkflowCursor {
  const [head = '', ...parts] = text.split(PART);
  const runs = new Map<string, number>();
  const done = new Set<string>();
  for (const part of parts) {
    if (part.startsWith(DONE)) {
      done.add(part.slice(1));
      continue;
    }
    const [id = '', seq = ''] = part.split(SEQ);
    runs.set(lengthened(workflowId, id), numberIn(seq));
  }
  return { since: numberIn(head), runs, done };
}

/** How a run that is told to the end stands in a cursor. */
export function shortHash(runId: string): string {
  return createHash('sha256').update(runId).digest('base64url').slice(0, 8);
}

/** Most run ids begin with the id of their workflow. */
function shortened(workflowId: string, runId: string): string {
  const prefix = `${workflowId}-`;
  return runId.startsWith(prefix) ? SHORT + encodeURIComponent(runId.slice(prefix.length)) : encodeURIComponent(runId);
}

function lengthened(workflowId: string, text: string): string {
  try {
    return text.startsWith(SHORT) ? `${workflowId}-${decodeURIComponent(text.slice(1))}` : decodeURIComponent(text);
  } catch {
    throw noCursor();
  }
}

function numberIn(text: string): number {
  const number = /^[0-9a-z]{1,11}$/.test(text) ? Number.parseInt(text, 36) : Number.NaN;
  if (Number.isSafeInteger(number)) return number;
  throw noCursor();
}

function noCursor(): DistriError {
  return new DistriError('BAD_REQUEST', 'The Last-Event-ID is none of this stream', { hint: 'Send the id of the last message as it is, or none.' });
}
