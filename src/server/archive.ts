import { RunNotFoundError } from '../definition/errors.js';
import type { EndedRun } from '../store/ended-runs.js';
import type { Store } from '../store/index.js';

/**
 * What Temporal says of a run, or what the archive does when Temporal no longer knows it.
 * @throws DistriError `RUN_NOT_FOUND` when neither knows it, and what `live` throws
 */
export async function orArchived<T>({ endedRuns }: Pick<Store, 'endedRuns'>, runId: string, live: () => Promise<T>, archived: (ended: EndedRun) => T): Promise<T> {
  try {
    return await live();
  } catch (error) {
    if (!(error instanceof RunNotFoundError)) throw error;
    const ended = await endedRuns.get(runId);
    if (ended === undefined) throw error;
    return archived(ended);
  }
}
