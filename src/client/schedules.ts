import { ScheduleAlreadyRunning, ScheduleNotFoundError, type Backfill, type ScheduleDescription, type ScheduleOptions, type ScheduleSummary } from '@temporalio/client';
import { DistriError } from '../definition/errors.js';
import { WORKFLOW_TYPE } from '../definition/messages.js';
import type { OVERLAPS } from '../definition/schema.js';
import { GRPC } from '../temporal/errors.js';
import { grpcCode, timed, translate } from './rpc.js';
import type { Session } from './session.js';
import { prepareStart, startParameters, withAttributes, type StartOptions } from './start-request.js';

export type Overlap = (typeof OVERLAPS)[number];

/** When a schedule starts runs, and which. */
export interface ScheduleSettings {
  /** The definition that each run has. */
  readonly definition: object;
  readonly start: Omit<StartOptions, 'runId'>;
  /** What run ids begin with; the time follows. */
  readonly runIdBase: string;
  /** As Temporal reads them, without comments; a run starts at the times of any of them. */
  readonly cron: readonly string[];
  readonly timeZone: string;
  readonly overlap: Overlap;
  /** A run that is later than so many seconds, after an outage, is left out. */
  readonly catchupSecs: number;
  /** Whether it begins paused. Later only a change of this pauses or resumes it: who paused it by hand is heeded. */
  readonly paused: boolean;
  /** Names these settings and all that they were made of; at most 100 letters, digits and dashes. */
  readonly mark: string;
}

/** A schedule as a list shows it; one that changed shows so after up to a few seconds. */
export interface ScheduleInfo {
  readonly id: string;
  /** Undefined when somebody changed it beside us. */
  readonly mark: string | undefined;
}

/** A schedule at this moment. */
export interface ScheduleState {
  readonly mark: string | undefined;
  readonly paused: boolean;
  readonly note: string | undefined;
  /** The next times at which it starts a run, whether it is paused or not. */
  readonly next: Date[];
  /** The last runs, the newest first. */
  readonly runs: { readonly runId: string; readonly scheduledAt: Date; readonly startedAt: Date }[];
}

/** In the memo of our schedules, so that those of other programs are left alone: the queue prefix. */
const MEMO_KEY = 'distri_queue_prefix';
const MARK = /^distri (paused|active) ([\w-]{1,100})$/;

/** Schedules of the server that start runs. A run that one starts is as one that `start` starts, but for its id. */
export class Schedules {
  constructor(private readonly session: Session) {}

  /** Whether runs could be started by these settings; the cron expressions are not looked at. Throws as `start`. */
  check({ definition, start }: Pick<ScheduleSettings, 'definition' | 'start'>): void {
    prepareStart(this.session, definition, start);
  }

  /**
   * Creates a schedule or gives it other settings.
   * Throws as `start`, and `BAD_TRIGGER` when the server refuses the settings.
   */
  async put(id: string, settings: ScheduleSettings): Promise<void> {
    const request = prepareStart(this.session, settings.definition, settings.start);
    await this.#call(id, () =>
      withAttributes(this.session, async (attributes) => {
        const options = {
          spec: { cronExpressions: settings.cron.map((expression) => `${expression} # ${comment(settings)}`), timezone: settings.timeZone },
          action: { type: 'startWorkflow', workflowType: WORKFLOW_TYPE, workflowId: settings.runIdBase, ...startParameters(this.session, request, attributes) },
          policies: { overlap: temporalOverlap(settings.overlap), catchupWindow: settings.catchupSecs * 1_000 },
        } satisfies Omit<ScheduleOptions, 'scheduleId'>;
        try {
          await timed(this.session, () => this.#client.create({ scheduleId: id, ...options, state: { paused: settings.paused }, memo: { [MEMO_KEY]: this.session.queuePrefix } }));
        } catch (error) {
          if (!(error instanceof ScheduleAlreadyRunning)) throw error;
          await timed(this.session, () => this.#client.getHandle(id).update((before) => ({ ...options, state: stateAfter(before, settings) })));
        }
      }).catch(refusal),
    );
  }

  /** Undefined when there is no such schedule. */
  async describe(id: string): Promise<ScheduleState | undefined> {
    try {
      return stateOf(await timed(this.session, () => this.#client.getHandle(id).describe()));
    } catch (error) {
      if (error instanceof ScheduleNotFoundError) return undefined;
      throw translate(this.session, error, id);
    }
  }

  /** Throws `NOT_FOUND`, as the methods after it. */
  async pause(id: string, note: string): Promise<void> {
    await this.#call(id, () => timed(this.session, () => this.#client.getHandle(id).pause(note)));
  }

  async resume(id: string, note: string): Promise<void> {
    await this.#call(id, () => timed(this.session, () => this.#client.getHandle(id).unpause(note)));
  }

  /** Starts a run now, whatever others of it run. */
  async trigger(id: string): Promise<void> {
    await this.#call(id, () => timed(this.session, () => this.#client.getHandle(id).trigger('ALLOW_ALL')));
  }

  /** Starts the runs that would have been due in a stretch of time. */
  async backfill(id: string, { from, to, overlap }: { from: Date; to: Date; overlap: Overlap }): Promise<void> {
    // Temporal leaves out a run that is due exactly at the beginning.
    const stretch: Backfill = { start: new Date(from.getTime() - 1), end: to, overlap: temporalOverlap(overlap) };
    await this.#call(id, () => timed(this.session, () => this.#client.getHandle(id).backfill(stretch)));
  }

  /** Nothing happens when there is no such schedule. */
  async delete(id: string): Promise<void> {
    try {
      await timed(this.session, () => this.#client.getHandle(id).delete());
    } catch (error) {
      if (!(error instanceof ScheduleNotFoundError)) throw translate(this.session, error, id);
    }
  }

  /** All schedules that were put by clients of the same queue prefix. */
  async *list(): AsyncGenerator<ScheduleInfo, void> {
    try {
      for await (const schedule of this.#client.list()) {
        if (schedule.memo?.[MEMO_KEY] === this.session.queuePrefix) yield { id: schedule.scheduleId, mark: markOf(schedule)?.mark };
      }
    } catch (error) {
      throw translate(this.session, error, '');
    }
  }

  get #client() {
    return this.session.client.schedule;
  }

  async #call(id: string, call: () => Promise<void>): Promise<void> {
    try {
      await call();
    } catch (error) {
      if (error instanceof ScheduleNotFoundError) throw new DistriError('NOT_FOUND', `There is no schedule '${id}' on the Temporal server`, { hint: 'It is made again within minutes; saving the workflow makes it at once.' });
      throw translate(this.session, error, id);
    }
  }
}

/** For `catch` of a call that sets a schedule up: what the server refuses of it is `BAD_TRIGGER`. */
function refusal(error: unknown): never {
  // The SDK makes a TypeError of what the server says of times.
  if (grpcCode(error) !== GRPC.INVALID_ARGUMENT && !(error instanceof TypeError)) throw error;
  let cause = error;
  while (cause instanceof Error && cause.cause instanceof Error) cause = cause.cause;
  const reason = cause instanceof Error ? cause.message.replace(/^\d+ [A-Z_]+: /, '') : String(cause);
  throw new DistriError('BAD_TRIGGER', `The Temporal server refuses the schedule: ${reason}`, { cause: error, hint: 'Change the trigger in the document, and save it again.' });
}

/** Goes with the times, so that neither pausing nor the Web UI changes it, and a list shows it. */
function comment({ mark, paused }: ScheduleSettings): string {
  return `distri ${paused ? 'paused' : 'active'} ${mark}`;
}

function markOf({ spec }: ScheduleSummary | ScheduleDescription): { paused: boolean; mark: string } | undefined {
  const [, state, mark] = MARK.exec(spec?.calendars?.[0]?.comment ?? '') ?? [];
  return mark === undefined ? undefined : { paused: state === 'paused', mark };
}

function stateAfter(before: ScheduleDescription, { paused }: ScheduleSettings): ScheduleDescription['state'] {
  return markOf(before)?.paused === paused ? before.state : { paused };
}

function stateOf(description: ScheduleDescription): ScheduleState {
  const { info, state } = description;
  return {
    mark: markOf(description)?.mark,
    paused: state.paused,
    note: state.note === '' ? undefined : state.note,
    next: info.nextActionTimes,
    runs: info.recentActions.map(({ action, scheduledAt, takenAt }) => ({ runId: action.workflow.workflowId, scheduledAt, startedAt: takenAt })).reverse(),
  };
}

function temporalOverlap(overlap: Overlap) {
  switch (overlap) {
    case 'skip':
      return 'SKIP';
    case 'buffer_one':
      return 'BUFFER_ONE';
    case 'buffer_all':
      return 'BUFFER_ALL';
    case 'cancel_other':
      return 'CANCEL_OTHER';
    case 'allow_all':
      return 'ALLOW_ALL';
  }
}
