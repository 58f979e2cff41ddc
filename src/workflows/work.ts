import { CancellationScope, sleep } from '@temporalio/workflow';

/** What a canceled run may still do, at most. */
const CLEAN_UP = '10 minutes';

/**
 * The scopes in which a run does its work: one until the run is canceled, and after that, for steps that run always, one
 * that ends ten minutes later. Make it where nothing is canceled: when the cancel counts is for the run to say.
 */
export class Work {
  readonly #running = new CancellationScope({ cancellable: true, parent: CancellationScope.current() });
  readonly #cleaning = new CancellationScope({ cancellable: true, parent: CancellationScope.current() });
  #canceled = false;

  constructor(private readonly outOfTime: () => void) {}

  get scope(): CancellationScope {
    return this.#canceled ? this.#cleaning : this.#running;
  }

  /** Runs `act` so that what it schedules belongs to the current scope. */
  within<T>(act: () => Promise<T>): Promise<T> {
    return this.scope.run(act);
  }

  cancel(): void {
    if (this.#canceled) return;
    this.#canceled = true;
    this.#running.cancel();
    void CancellationScope.nonCancellable(() => sleep(CLEAN_UP)).then(() => {
      this.outOfTime();
      this.#cleaning.cancel();
    });
  }
}
