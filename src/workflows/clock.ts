import { workflowInfo } from '@temporalio/workflow';

/**
 * The time at which the current workflow task began, in milliseconds since the epoch. Unlike `Date.now()` it does not
 * move when a local activity ends within the task, which a replay would see at another time.
 */
export class TaskClock {
  #length = -1;
  #now = 0;

  now(): number {
    const { historyLength } = workflowInfo();
    if (historyLength !== this.#length) {
      this.#length = historyLength;
      this.#now = Date.now();
    }
    return this.#now;
  }
}
