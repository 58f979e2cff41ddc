import { CancellationScope, sleep } from '@temporalio/workflow';

/** What a canceled run may still do, at most. */
const CLEAN_UP = '10 minutes';

/**
 * The scopes in which a run does its work: one that ends with the run's cancel, and after that, for steps that run
 * always, one that ends ten minutes later.
 */
export class Work {
  readonly #cleaning: CancellationScope;

  /** Make it in a scope that is not canceled; `running` is canceled with the run. */
  constructor(
    private readonly running: CancellationScope,
    private readonly outOfTime: () => void,
  ) {
    this.#cleaning = new CancellationScope({ cancellable: true, parent: CancellationScope.current() });
    running.cancelRequested.catch(() => {
      void CancellationScope.nonCancellable(() => sleep(CLEAN_UP)).then(() => {
        this.outOfTime();
        this.#cleaning.cancel();
      });
    });
  }

  get scope(): CancellationScope {
    return this.running.consideredCancelled ? this.#cleaning : this.running;
  }

  /** Runs `act` so that what it schedules belongs to the current scope. */
  within<T>(act: () => Promise<T>): Promise<T> {
    return this.scope.run(act);
  }
}
