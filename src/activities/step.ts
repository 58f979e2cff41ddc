import { ApplicationFailure, CancelledFailure, Context } from '@temporalio/activity';
import type { SharedValues, StepOutcome, StepTask } from '../definition/messages.js';
import { messageOf } from '../definition/text.js';
import type { ConfigOf } from '../definition/types.js';
import type { Activity } from '../kinds/activity.js';
import type { ActivityKindName } from '../kinds/index.js';
import { Attempt, type AttemptDeps } from './attempt.js';
import { tellRejection } from './rejection.js';

/** How an attempt of a step ended, for metrics. `seconds`: how long it took. */
export interface StepObservation {
  readonly kind: ActivityKindName;
  readonly outcome: 'done' | 'failed' | 'retrying' | 'canceled';
  readonly code?: string;
  readonly seconds: number;
}

export interface StepDependencies extends AttemptDeps {
  readonly observe?: (observation: StepObservation) => void;
}

/**
 * Makes a Temporal activity of a kind's code: it renders the task, looks up the connections at the last moment,
 * heartbeats, masks secrets, and turns how the code failed into what Temporal and the interpreter act on.
 */
export function serveStep<N extends ActivityKindName>(
  kind: N,
  code: Activity<ConfigOf<N>>,
  deps: StepDependencies,
): (task: StepTask, shared?: SharedValues) => Promise<StepOutcome> {
  return async (task, shared) => {
    const { cancellationSignal, log } = Context.current();
    const begun = performance.now();
    const observe = (outcome: StepObservation['outcome'], failureCode?: string): void =>
      deps.observe?.({
        kind,
        outcome,
        seconds: (performance.now() - begun) / 1000,
        ...(failureCode === undefined ? {} : { code: failureCode }),
      });
    // The interpreter leaves out the kind's type, which is the activity's.
    const attempt = new Attempt({ ...withShared(task, shared), kind: { ...task.kind, type: kind } as StepTask['kind'] }, deps);
    try {
      const outcome = await attempt.run(kind, code);
      observe('done');
      return outcome;
    } catch (error) {
      if (cancellationSignal.aborted) {
        observe('canceled');
        throw abandoned(cancellationSignal);
      }
      await tellRejection(error, deps.connections, task.owner).catch((cause: unknown) => {
        log.warn('A rejected connection could not be renewed', { reason: messageOf(cause) });
      });
      const failure = attempt.failureOf(error);
      observe(failure.nonRetryable ? 'failed' : 'retrying', failure.type ?? undefined);
      throw failure;
    } finally {
      attempt.stop();
    }
  };
}

/** The task with what all elements of its fan-out are sent alike. */
function withShared(task: StepTask, shared: SharedValues | undefined): StepTask {
  if (!shared) return task;
  const { values, context } = shared;
  return { ...task, ...(values ? { values: { ...values, ...task.values } } : {}), ...(context ? { context } : {}) };
}

/** A canceled step says so; one whose worker shuts down is handed back, so that another worker takes it. */
function abandoned(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  if (reason instanceof CancelledFailure && reason.message !== 'WORKER_SHUTDOWN') return reason;
  return ApplicationFailure.create({
    type: 'WORKER_LOST',
    message: 'The worker shuts down and hands the step back',
    nextRetryDelay: '100 milliseconds',
  });
}
