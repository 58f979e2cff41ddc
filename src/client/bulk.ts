import type { Code } from '../definition/codes.js';
import { DistriError } from '../definition/errors.js';
import { messageOf } from '../definition/text.js';

/** What became of each run of an operation on many. */
export interface BulkResult {
  /** Ids of the runs that it was done to. */
  done: string[];
  /** Runs that there was nothing to do for: they have ended, or hold for no step. */
  unchanged: string[];
  failed: { run_id: string; code?: Code; message: string }[];
}

const AT_ONCE = 10;

/** Does the same to many runs, ten at a time; one that fails stops no other. `act` says whether there was anything to do. */
export async function actOnAll(
  runIds: AsyncIterable<string> | Iterable<string>,
  act: (runId: string) => Promise<boolean>,
): Promise<BulkResult> {
  const result: BulkResult = { done: [], unchanged: [], failed: [] };
  const under = new Set<Promise<void>>();
  for await (const runId of runIds) {
    const work = one(runId, act, result).finally(() => under.delete(work));
    under.add(work);
    if (under.size >= AT_ONCE) await Promise.race(under);
  }
  await Promise.all(under);
  return result;
}

async function one(runId: string, act: (runId: string) => Promise<boolean>, result: BulkResult): Promise<void> {
  try {
    ((await act(runId)) ? result.done : result.unchanged).push(runId);
  } catch (error) {
    const message = messageOf(error);
    result.failed.push({ run_id: runId, ...(error instanceof DistriError ? { code: error.code } : {}), message });
  }
}
