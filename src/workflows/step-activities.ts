import {
  ActivityCancellationType,
  ActivityFailure,
  ApplicationFailure,
  isCancellation,
  type RetryPolicy,
  scheduleActivity,
  TimeoutFailure,
  workflowInfo,
} from '@temporalio/workflow';
import { codes, type Code } from '../definition/codes.js';
import { mostValueBytes, skillQueue, type FailureDetails, type RunInput, type StepOutcome } from '../definition/messages.js';
import { messageOf, summaryOf } from '../definition/text.js';
import type { RetryOptions, WorkflowStep } from '../definition/types.js';
import { activityIdOf } from './activity-id.js';
import type { Bell } from './bell.js';
import { measured, TURN_BYTES } from './budget.js';
import type { ChildRuns } from './children.js';
import type { TaskClock } from './clock.js';
import { queueTimedOut, type ActivityStart, type RunMachine } from './machine.js';
import { labelOfUnit } from './observe.js';
import type { Failure, StepState } from './state.js';
import type { Unit } from './unit.js';

const QUEUE_TIMEOUT_SECS = 300;
/**
 * Attempts that Temporal makes beside a step's own. How many lost workers and hand-backs of a missing tool a step
 * survives is decided by the activity, which stops by a failure that is not retryable; this is only the backstop.
 */
const SPARE_ATTEMPTS = 50;
const LONGEST_INTERVAL_SECS = 100;

/** Runs the steps that are due as activities on their skills' task queues, in the current scope, and tells the machine how they ended. */
export class StepActivities {
  readonly #prefix = workflowInfo().taskQueue;

  constructor(
    private readonly machine: RunMachine,
    private readonly bell: Bell,
    private readonly clock: TaskClock,
    private readonly children: ChildRuns,
    private readonly input: Pick<RunInput, 'owner' | 'storage'>,
  ) {}

  /** What is left of the turn's budget. */
  startDue(): number {
    const storage = this.input.storage === true;
    const costs = new Map<unknown, number>();
    const starts = this.machine.takeStarts(TURN_BYTES, mostValueBytes(storage), (sent) => {
      const size = measured(sent, storage);
      costs.set(sent, size.cost);
      return size;
    });
    let left = TURN_BYTES;
    for (const start of starts) {
      left -= costs.get(start.child ?? start.task) ?? 0;
      if (start.child) this.children.start(start.child);
      else this.#run(start);
    }
    return left;
  }

  #run(start: ActivityStart): void {
    const ended = (tell: () => void): void => {
      this.machine.now = this.clock.now();
      tell();
      this.bell.ring();
    };
    this.#schedule(start).then(
      (outcome) => ended(() => this.machine.succeed(start.index, outcome)),
      (error: unknown) => ended(() => this.#failed(start, error)),
    );
  }

  #schedule({ index, skill, task, shared }: ActivityStart): Promise<StepOutcome> {
    const unit = this.machine.unit(index) as Unit;
    const { id, step } = unit.step;
    const activityId = activityIdOf(unit);
    const label = labelOfUnit(this.machine, unit);
    const summary = task.kind.type === 'tool_call' ? `${label} (${task.kind.tool_name})` : label;
    const { type, ...config } = task.kind;
    const { owner } = this.input;
    const sent = { ...task, kind: config, ...(owner === undefined ? {} : { owner }) };
    return scheduleActivity<StepOutcome>(type, [activityId === id ? sent : { ...sent, step_id: id }, ...(shared ? [shared] : [])], {
      activityId,
      taskQueue: skillQueue(this.#prefix, skill),
      summary: summaryOf(summary),
      startToCloseTimeout: '365 days',
      scheduleToStartTimeout: queueTimeoutOf(step, unit.state),
      heartbeatTimeout: '15 seconds',
      cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
      allowEagerDispatch: false,
      retry: retryPolicyOf(step.retry ?? {}),
    });
  }

  #failed({ index }: ActivityStart, error: unknown): void {
    const cause = error instanceof ActivityFailure ? error.cause : error;
    const queueTimeout = this.machine.unit(index)?.step.step.queue_timeout_secs;
    if (cause instanceof TimeoutFailure && cause.timeoutType === 'SCHEDULE_TO_START' && queueTimeout == null) {
      return this.machine.requeue(index);
    }
    const failure = failureOf(error, cause, queueTimeout);
    const rejection = cause instanceof ApplicationFailure ? rejectionOf(failure.code, cause) : undefined;
    if (rejection && !this.machine.canceled) this.machine.reject(index, rejection, failure);
    else this.machine.fail(index, failure);
  }
}

function detailsOf(cause: ApplicationFailure): FailureDetails | undefined {
  return cause.details?.[0] as FailureDetails | undefined;
}

/** A step that was refused for its connection blocks on it instead of failing. */
function rejectionOf(code: Code, cause: ApplicationFailure): { skill: string; revision?: string } | undefined {
  if (code !== 'CONNECTION_REJECTED' && code !== 'CONNECTION_MISSING') return undefined;
  return detailsOf(cause)?.data as { skill: string; revision?: string } | undefined;
}

function failureOf(error: unknown, cause: unknown, queueTimeoutSecs: number | null | undefined): Failure {
  if (isCancellation(error)) return { code: 'RUN_CANCELED', message: 'The run was canceled' };
  if (cause instanceof TimeoutFailure) {
    return cause.timeoutType === 'SCHEDULE_TO_START'
      ? queueTimedOut(queueTimeoutSecs)
      : {
          code: 'WORKER_LOST',
          message: "The worker of the step was lost again and again; see the workers' logs",
        };
  }
  if (cause instanceof ApplicationFailure) {
    const attempts = detailsOf(cause)?.attempts;
    return {
      code: cause.type != null && Object.hasOwn(codes, cause.type) ? (cause.type as Code) : 'INTERNAL',
      message: cause.message,
      ...(attempts === undefined ? {} : { attempts }),
    };
  }
  return { code: 'INTERNAL', message: messageOf(error) };
}

/** What its time in blocks has left of `queue_timeout_secs`. */
function queueTimeoutOf({ queue_timeout_secs: secs }: WorkflowStep, { lackedWorker }: StepState): string | number {
  if (secs == null || lackedWorker === undefined) return `${secs ?? QUEUE_TIMEOUT_SECS} seconds`;
  return Math.max(1, secs * 1000 - lackedWorker.before);
}

/** Temporal takes no longest interval that is below the first one. */
function retryPolicyOf(retry: RetryOptions): RetryPolicy {
  const first = retry.initial_interval_secs ?? 1;
  const longest = retry.max_interval_secs ?? Math.max(LONGEST_INTERVAL_SECS, first);
  return {
    initialInterval: `${Math.min(first, longest)} seconds`,
    backoffCoefficient: retry.backoff_coefficient ?? 2,
    maximumInterval: `${longest} seconds`,
    maximumAttempts: SPARE_ATTEMPTS + (retry.max_attempts ?? 0),
  };
}
