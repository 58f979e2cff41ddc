import type { JsonObject, JsonValue } from '../definition/json.js';
import { QUERIES } from '../definition/messages.js';
import type { ParsedWorkflow } from '../definition/parse.js';
import type { RunEvent, RunSnapshot } from '../definition/snapshot.js';
import { cut, wellFormed } from '../definition/text.js';
import type { WorkflowDocument } from '../definition/types.js';
import { answerStep, type AnswerOptions } from './answer.js';
import { ask } from './ask.js';
import type { CheckpointsOptions } from './call-tool.js';
import { listCheckpoints, loadCheckpoint, type Checkpoint, type LoadedCheckpoint } from './checkpoints.js';
import { pauseOrResume, retryHeld, retryStep, skipStep, type RetryStepOptions, type SkipStepOptions } from './control.js';
import { cancelRun, resultOf, terminateRun } from './end.js';
import { engineError } from './engine-error.js';
import { readEnded, type Ended } from './ended.js';
import { describe, infoOf, type RunInfo } from './info.js';
import { migrateRun, type MigrateOptions, type MigrationOutcome } from './migrate.js';
import { observe, type EventsOptions } from './observe.js';
import { forgivenAtClose } from './rpc.js';
import type { Session } from './session.js';
import { listReruns } from './rerun.js';
import { hasEnded, snapshotOf } from './snapshot.js';
import type { StartedWith } from './start.js';
import type { UpdateOptions } from './update.js';

/** A run as Temporal describes it; no worker is asked. */
export interface RunDescription extends RunInfo {
  task_queue: string;
  history_events: number;
  history_bytes: number;
  /** Activities that are scheduled or running. */
  pending_activities: number;
  /** The last error of the interpreter when its workflow task keeps failing. */
  engine_error?: string;
}

const LONGEST_REASON = 1_000;

/** A run, live or ended. Every method throws `RunNotFoundError` when there is no such run. */
export class Run {
  constructor(
    /** The run id, which is Temporal's workflow id. */
    readonly id: string,
    /** Temporal's id of the execution that was started; absent on a run that was looked up. */
    readonly temporalRunId: string | undefined,
    private readonly session: Session,
    /** The definition that it was started with; absent on a run that was looked up. */
    readonly startedWith?: StartedWith,
  ) {}

  /**
   * The run at this moment. An ended run is read from its history and needs no worker; a live one answers itself.
   * Throws `NO_WORKER` when no worker answers within 10 s, `CODEC_MISMATCH` when a payload cannot be read.
   */
  async snapshot(): Promise<RunSnapshot> {
    return snapshotOf(this.session, this.id);
  }

  /** What the run left when it ended; undefined while it is open. Needs no worker. Throws `CODEC_MISMATCH`. */
  async ended(): Promise<Ended | undefined> {
    const described = await describe(this.session, this.id);
    return hasEnded(described) ? readEnded(this.session, described) : undefined;
  }

  /** All that references see: the input, the results of steps and the flat context. Throws as `snapshot`. */
  async context(): Promise<JsonObject> {
    const described = await describe(this.session, this.id);
    if (hasEnded(described)) return (await readEnded(this.session, described)).snapshot.context;
    return ask<JsonObject>(this.session, this.id, QUERIES.context);
  }

  /**
   * Waits for the end, through restarts of the server and of workers. Resolves for a completed run; throws
   * `RunFailedError` (`RUN_FAILED`, `RUN_CANCELED`) with the snapshot for any other end, an `AbortError` when the client is
   * closed before.
   */
  result(options: { signal?: AbortSignal } = {}): Promise<RunSnapshot> {
    const signal = AbortSignal.any([this.session.closed, ...(options.signal ? [options.signal] : [])]);
    return forgivenAtClose(this.session, resultOf(this.session, this.id, signal, this.temporalRunId));
  }

  /**
   * The run's log after `after`, each entry once and in order, as it happens, until the run has ended. Who comes back
   * with the last `seq` misses nothing; who is behind the log gets a `snapshot` event first. Between the entries come
   * `step_retrying` events, best effort. Waits as long as it takes when no worker or server answers. When the client is
   * closed the iteration ends where it is, without `workflow_completed`.
   */
  events(options: EventsOptions = {}): AsyncIterable<RunEvent> {
    return { [Symbol.asyncIterator]: () => observe(this.session, this.id, options) };
  }

  /**
   * Answers a step that waits for input. Throws `AnswerRefusedError` with the problems when the answer does not fit
   * the step's schema (the step waits on), `StepNotWaitingError`, and `NO_WORKER` after 10 s: nothing is stored then, but
   * a worker that comes soon may still get it. Sent again with the same `updateId` it counts once.
   */
  async answer(stepId: string, value: JsonValue, options: AnswerOptions = {}): Promise<void> {
    await answerStep(this.session, this.id, stepId, value, options);
  }

  /**
   * Lets nothing new start until `resume`: running steps finish, delays count on, answers are accepted. A run that is
   * paused already stays so. Throws `RunEndedError`, and `NO_WORKER` as `answer`.
   */
  async pause(options: UpdateOptions = {}): Promise<void> {
    await pauseOrResume(this.session, this.id, 'pause', options);
  }

  /**
   * Ends a pause. A run that holds for its failed steps gives them up: it runs its `failure` and `always` steps and ends
   * as failed. Nothing happens to a run that is not paused. Throws as `pause`.
   */
  async resume(options: UpdateOptions = {}): Promise<void> {
    await pauseOrResume(this.session, this.id, 'resume', options);
  }

  /**
   * Runs a failed step again for which the run holds (`on_failure: hold`), with a new idempotency key. Throws
   * `StepNotHeldError`, and `NO_WORKER` as `answer`.
   */
  async retry(stepId: string, options: RetryStepOptions = {}): Promise<void> {
    await retryStep(this.session, this.id, stepId, options);
  }

  /** Runs all failed steps again for which the run holds, and gives their ids: none when it holds for none. Throws as `retry`. */
  async retryHeld(): Promise<string[]> {
    return retryHeld(this.session, this.id);
  }

  /**
   * Settles a step as skipped that has not run, waits, is blocked or is held, with the result that is given. Throws
   * `StepNotSkippableError`, and `NO_WORKER` as `answer`.
   */
  async skip(stepId: string, options: SkipStepOptions = {}): Promise<void> {
    await skipStep(this.session, this.id, stepId, options);
  }

  /**
   * Moves the run to another definition: nothing more starts, running steps end, and the run goes on by the new one with
   * the state of its steps. Throws `MigrationError` with the plan (`MIGRATION_UNDECIDED`, `MIGRATION_REFUSED`),
   * `InvalidDefinitionError`, `RunEndedError`, and `NO_WORKER` as `answer`: then the run goes on as it was.
   */
  async migrate(definition: WorkflowDocument | JsonObject | ParsedWorkflow, options: MigrateOptions = {}): Promise<MigrationOutcome> {
    return migrateRun(this.session, this.id, definition, options);
  }

  /** Asks the run to cancel. It has ended when `result` says so; a run that has ended already is left as it is. */
  async cancel(reason = ''): Promise<void> {
    await cancelRun(this.session, this.id, cut(wellFormed(reason), LONGEST_REASON));
  }

  /** Ends the run at once, without its consent: prefer `cancel`, which lets running steps stop. */
  async terminate(reason = ''): Promise<void> {
    await terminateRun(this.session, this.id, cut(wellFormed(reason), LONGEST_REASON));
  }

  /** The runs that are reruns of this one, newest first; a new one shows after up to a few seconds. */
  reruns(): AsyncIterable<RunInfo> {
    return { [Symbol.asyncIterator]: () => listReruns(this.session, this.id) };
  }

  /** What Temporal itself knows of the run; needs no worker. */
  async describe(): Promise<RunDescription> {
    const described = await describe(this.session, this.id);
    const info = described.raw.workflowExecutionInfo ?? {};
    const stuck = await engineError(this.session, described);
    return {
      ...(await infoOf(this.session, info)),
      task_queue: info.taskQueue ?? '',
      history_events: Number(info.historyLength ?? 0),
      history_bytes: Number(info.historySizeBytes ?? 0),
      pending_activities: described.raw.pendingActivities?.length ?? 0,
      ...(stuck === undefined ? {} : { engine_error: stuck }),
    };
  }

  /**
   * The run's checkpoints, oldest first: one per finished step. With the strategy `external` the document's tool lists
   * them, called through a small run of its own, whose owner is that of this run.
   */
  async checkpoints(options: CheckpointsOptions = {}): Promise<Checkpoint[]> {
    return listCheckpoints(this.session, this.id, options);
  }

  /** The state at a checkpoint; the document's tool loads it as it lists them. Throws `CHECKPOINT_NOT_FOUND`. */
  async loadCheckpoint(checkpointId: string, options: CheckpointsOptions = {}): Promise<LoadedCheckpoint> {
    return loadCheckpoint(this.session, this.id, checkpointId, options);
  }
}
