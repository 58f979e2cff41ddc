import { CancellationScope } from '@temporalio/workflow';
import type { Bell } from './bell.js';

/** Messages to other workflows that are on their way: a run that ends or continues as new meanwhile would lose them. */
export class Outbox {
  #pending = 0;

  constructor(private readonly bell: Bell) {}

  get settled(): boolean {
    return this.#pending === 0;
  }

  /** Does not reject: a workflow that has ended cannot be told anything any more, and how it ended is found out elsewhere. */
  async send(act: () => Promise<unknown>): Promise<void> {
    this.#pending += 1;
    await CancellationScope.nonCancellable(act).catch(() => undefined);
    this.#pending -= 1;
    this.bell.ring();
  }
}
