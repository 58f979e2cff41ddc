import {
  ActivityCancellationType,
  CancellationScope,
  isCancellation,
  proxyLocalActivities,
  scheduleActivity,
} from '@temporalio/workflow';
import type { RequirementsCheck, RequirementsReport } from '../definition/messages.js';
import type { Bell } from './bell.js';
import type { TaskClock } from './clock.js';
import type { RunMachine } from './machine.js';
import type { Work } from './work.js';

interface Checks {
  check_requirements(check: RequirementsCheck): Promise<RequirementsReport>;
}

const { check_requirements } = proxyLocalActivities<Checks>({ startToCloseTimeout: '1 minute' });

/** Asks what skills and tools there are, and waits for those that are missing. */
export class Requirements {
  #awaited = 0;
  #checks = 0;
  #awaiting: { key: string; scope: CancellationScope } | undefined;

  constructor(
    private readonly machine: RunMachine,
    private readonly work: Work,
    private readonly bell: Bell,
    private readonly clock: TaskClock,
    private readonly owner: string | undefined,
  ) {}

  /** One check for the whole document: one event, not one a step. */
  async checkAll(): Promise<void> {
    const check = this.machine.gate.everything();
    if (!check) return;
    this.machine.learn(check, await check_requirements(this.#owned(check)));
  }

  /** Checks afresh what is about to block, and holds one activity that ends when something missing appears. */
  followUp(): void {
    const due = this.machine.gate.takeChecks();
    if (due) {
      void this.#checkAgain(due.check).then((report) => {
        this.machine.now = this.clock.now();
        this.machine.checked(due.steps, due.check, report);
        this.bell.ring();
      });
    }
    const awaited = this.machine.over ? undefined : this.machine.awaited();
    if (awaited?.key === this.#awaiting?.key) return;
    this.stop();
    if (awaited) this.#await(awaited.key, awaited.check);
  }

  /**
   * An activity and not a local one, whose end a replay sees at another moment than the run did. A run that is canceled
   * meanwhile still gets its answer.
   */
  #checkAgain(check: RequirementsCheck): Promise<RequirementsReport> {
    return CancellationScope.nonCancellable(() =>
      scheduleActivity<RequirementsReport>('check_requirements', [this.#owned(check)], {
        activityId: `~check~${(this.#checks += 1)}`,
        summary: 'is it there by now?',
        startToCloseTimeout: '1 minute',
      }),
    );
  }

  stop(): void {
    this.#awaiting?.scope.cancel();
    this.#awaiting = undefined;
  }

  #await(key: string, check: RequirementsCheck): void {
    const scope = new CancellationScope({ cancellable: true, parent: this.work.scope });
    this.#awaiting = { key, scope };
    scope
      .run(() =>
        scheduleActivity<RequirementsReport>('await_requirements', [this.#owned(check)], {
          activityId: `~requirements~${(this.#awaited += 1)}`,
          summary: `waits for ${check.requirements.map((query) => query.skill).join(', ')}`.slice(0, 200),
          startToCloseTimeout: '1 minute',
          cancellationType: ActivityCancellationType.TRY_CANCEL,
        }),
      )
      .then(
        () => this.#appeared(scope),
        (error: unknown) => {
          if (!isCancellation(error)) this.#appeared(scope);
        },
      );
  }

  #owned(check: RequirementsCheck): RequirementsCheck {
    return this.owner === undefined ? check : { ...check, owner: this.owner };
  }

  #appeared(scope: CancellationScope): void {
    if (this.#awaiting?.scope === scope) this.#awaiting = undefined;
    this.machine.recheck();
    this.bell.ring();
  }
}
