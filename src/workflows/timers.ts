import { CancellationScope, isCancellation, sleep } from '@temporalio/workflow';
import type { Bell } from './bell.js';
import type { TaskClock } from './clock.js';
import type { RunMachine } from './machine.js';
import type { Work } from './work.js';

/** Keeps a Temporal timer for each step that has a deadline: delays, and waits with a time-out. */
export class Timers {
  readonly #timers = new Map<number, { at: number; scope: CancellationScope }>();

  constructor(
    private readonly machine: RunMachine,
    private readonly work: Work,
    private readonly bell: Bell,
    private readonly clock: TaskClock,
  ) {}

  /** Starts timers for new deadlines, and cancels those whose step has gone on. */
  keep(): void {
    const { deadlines } = this.machine;
    if (deadlines.size === 0 && this.#timers.size === 0) return;
    for (const [index, { at, scope }] of this.#timers) {
      if (deadlines.get(index) === at) continue;
      this.#timers.delete(index);
      scope.cancel();
    }
    for (const [index, at] of deadlines) if (!this.#timers.has(index)) this.#start(index, at);
  }

  #start(index: number, at: number): void {
    const scope = new CancellationScope({ cancellable: true, parent: this.work.scope });
    this.#timers.set(index, { at, scope });
    scope
      .run(() => sleep(Math.max(1, at - this.machine.now)))
      .then(
        () => {
          this.#timers.delete(index);
          this.machine.now = this.clock.now();
          this.machine.timeUp(index);
          this.bell.ring();
        },
        (error: unknown) => {
          if (!isCancellation(error)) throw error;
        },
      );
  }
}
