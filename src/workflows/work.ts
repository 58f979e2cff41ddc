import { CancellationScope, sleep } from '@temporalio/workflow';

/** What a canceled run may still do, at most. */
const CLEAN_UP = '10 minutes';

/**
 * The scopes in which a run does its work: one until the run is canceled, and after that, for steps that run always, one
 * that ends ten minutes later. A shield keeps Temporal's own cancel from both: when it counts is for the run to say.
 */
export class Work {
  readonly #shield = new CancellationScope({ cancellable: false });
  readonly #running = new CancellationScope({ cancellable: true, parent: this.#shield });
  #cleaning: CancellationScope | undefined;

  /** What happens when a canceled run is out of time. */
  outOfTime: () => void = () => undefined;

  get scope(): CancellationScope {
    return this.#cleaning ?? this.#running;
  }

  /** Runs the whole run: what it schedules belongs to the scope that a cancel ends. */
  lead<T>(run: () => Promise<T>): Promise<T> {
    return this.#running.run(run);
  }

  /**
   * Runs `act`, a part of what is led, so that what it schedules belongs to the current scope. To enter a scope makes
   * promises, for each of which the sandbox records a stack trace; a run that is not canceled is in its scope already.
   */
  within(act: () => void): void {
    if (this.#cleaning) void this.#cleaning.run(async () => act());
    else act();
  }

  /** Resolves when what was canceled until now has become commands. */
  async settled(): Promise<void> {
    await this.scope.run(async () => undefined);
  }

  cancel(): void {
    if (this.#cleaning) return;
    const cleaning = new CancellationScope({ cancellable: true, parent: this.#shield });
    this.#cleaning = cleaning;
    this.#running.cancel();
    void CancellationScope.nonCancellable(() => sleep(CLEAN_UP)).then(() => {
      this.outOfTime();
      cleaning.cancel();
    });
  }
}
