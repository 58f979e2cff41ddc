import { optionalTsToDate } from '@temporalio/common/lib/time.js';
import { ApplicationFailure } from '@temporalio/client';
import { codes, type Code } from '../definition/codes.js';
import { dictionary, isObject, own, type JsonValue } from '../definition/json.js';
import { UPDATES, type Answer, type RunInput, type StepOutcome, type StepTask } from '../definition/messages.js';
import type { ItemsSnapshot, RunSnapshot, RunStatus, StepSnapshot } from '../definition/snapshot.js';
import { chainOf, decode, decodeFailure, firstEvent, forward, localResult, type Execution, type HistoryEvent } from './history.js';
import type { Session } from './session.js';

/** What the teller knows from elsewhere: how the run stands, and why it ended. */
export interface Standing {
  status: RunStatus;
  error?: string;
  completed_at?: string;
}

/** The local activity that finds the definition of a run that was started without one. */
const CHECK_DEFINITION = 'check_definition';

/** The argument that an execution of a run was started with, from its history: the first one's holds no more than the last's. */
export async function startOf(session: Session, execution: Execution): Promise<RunInput | undefined> {
  const given = await givenOf(session, execution);
  return given !== undefined && isRunInput(given) ? given : undefined;
}

/** As `startOf`; without a definition when an engine worker was to look it up, and has not. */
async function givenOf(session: Session, execution: Execution): Promise<Partial<RunInput> | undefined> {
  const started = (await firstEvent(session, execution))?.workflowExecutionStartedEventAttributes;
  if (!started) return undefined;
  const [input] = await decode(session, execution.workflowId, started.input);
  if (!isObject(input)) return undefined;
  if (!isObject(input.workflow) || isRunInput(input)) return input;
  for await (const event of forward(session, execution)) {
    const found = await localResult(session, execution, event, CHECK_DEFINITION);
    if (isObject(found)) return { ...input, ...found };
  }
  return input;
}

function isRunInput(value: object): value is RunInput {
  return 'definition' in value && isObject(value.definition) && Array.isArray(value.definition.steps);
}

/**
 * A snapshot of what history alone tells, for runs that left no final record and whose interpreter cannot answer:
 * the definition, the input, and each activity and answer. Steps that need no activity show as pending.
 */
export async function retell(session: Session, execution: Execution, standing: Standing): Promise<RunSnapshot> {
  const input = await givenOf(session, execution);
  const teller = new Teller(session, execution.workflowId, input);
  for (const part of await chainOf(session, execution)) {
    for await (const event of forward(session, part)) await teller.read(event);
  }
  return teller.snapshot(standing);
}

class Teller {
  readonly #steps = dictionary<StepSnapshot>();
  /** Event id of a scheduled activity to its step, of an element of a fan-out to that of the fan-out. */
  readonly #scheduled = new Map<string, { step: StepSnapshot; isElement: boolean }>();
  #startedAt: string | undefined;

  constructor(
    readonly session: Session,
    readonly runId: string,
    readonly input: Partial<RunInput> | undefined,
  ) {
    for (const step of input && isRunInput(input) ? input.definition.steps : []) {
      this.#steps[step.id] = { status: 'pending', label: step.label ?? step.id, kind: step.kind.type, attempts: 0 };
    }
  }

  async read(event: HistoryEvent): Promise<void> {
    const at = optionalTsToDate(event.eventTime)?.toISOString();
    this.#startedAt ??= at;
    if (event.activityTaskScheduledEventAttributes) return this.#schedule(event, at);
    const start = event.activityTaskStartedEventAttributes;
    if (start) return this.#update(start.scheduledEventId, { attempts: start.attempt ?? 1 });
    const completed = event.activityTaskCompletedEventAttributes;
    if (completed) {
      const [outcome] = await decode(this.session, this.runId, completed.result);
      return this.#update(completed.scheduledEventId, { ...doneWith(outcome), ...(at ? { completed_at: at } : {}) });
    }
    const failed = event.activityTaskFailedEventAttributes ?? event.activityTaskTimedOutEventAttributes;
    if (failed) {
      const error = await decodeFailure(this.session, this.runId, failed.failure);
      return this.#update(failed.scheduledEventId, { ...failedWith(error), ...(at ? { completed_at: at } : {}) });
    }
    const canceled = event.activityTaskCanceledEventAttributes;
    if (canceled) return this.#update(canceled.scheduledEventId, { status: 'pending' });
    await this.#answer(event, at);
  }

  async #schedule(event: HistoryEvent, at: string | undefined): Promise<void> {
    const scheduled = event.activityTaskScheduledEventAttributes;
    const id = scheduled?.activityId ?? '';
    if (isEngineActivity(id)) return;
    const task = Object.hasOwn(this.#steps, id) ? undefined : await taskOf(this.session, this.runId, scheduled?.input);
    const step = own(this.#steps, task?.step_id ?? id);
    if (step === undefined) return;
    this.#scheduled.set(String(event.eventId), { step, isElement: task?.index !== undefined });
    if (task?.index !== undefined) {
      const { total = 0, done = 0, failed = 0, running = 0 } = step.items ?? {};
      step.items = { total: Math.max(total, task.index + 1), done, failed, running: running + 1 };
    }
    step.status = 'running';
    if (step.started_at === undefined && at !== undefined) step.started_at = at;
  }

  async #answer(event: HistoryEvent, at: string | undefined): Promise<void> {
    const request = event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest?.input;
    if (request?.name !== UPDATES.answer) return;
    const [answer] = await decode(this.session, this.runId, request.args);
    if (!isAnswer(answer) || answer.index !== undefined) return;
    const step = own(this.#steps, answer.step_id);
    if (step) Object.assign(step, { status: 'done', result: answer.value, ...(at ? { completed_at: at } : {}) });
  }

  #update(scheduledEventId: unknown, change: Partial<StepSnapshot>): void {
    const scheduled = this.#scheduled.get(String(scheduledEventId));
    if (!scheduled) return;
    const { step, isElement } = scheduled;
    if (isElement && step.items) countElement(step.items, change);
    else Object.assign(step, change);
  }

  snapshot(standing: Standing): RunSnapshot {
    const definition = this.input?.definition;
    const given = this.input?.input ?? (isObject(definition?.context?.input) ? definition.context.input : {});
    const results = dictionary<JsonValue>();
    for (const [id, step] of Object.entries(this.#steps)) {
      if (standing.completed_at !== undefined && step.status === 'running') cutOff(step, standing);
      if (step.status === 'done') results[id] = step.result ?? null;
    }
    const version = definition?.version;
    return {
      run_id: this.runId,
      workflow_id: definition?.id ?? this.input?.workflow?.id ?? '',
      ...(version === undefined || version === null ? {} : { version }),
      definition_hash: this.input?.definition_hash ?? '',
      ...(this.input?.parent ? { parent_run_id: this.input.parent.run_id } : {}),
      steps: this.#steps,
      context: Object.assign(dictionary<JsonValue>(), given, { input: given, steps: results }),
      warnings: [],
      started_at: this.#startedAt ?? new Date(0).toISOString(),
      ...standing,
    };
  }
}

/** Of elements the history tells how many ended how. */
function countElement(items: ItemsSnapshot, { status }: Partial<StepSnapshot>): void {
  if (status === undefined) return;
  items.running -= 1;
  if (status === 'done') items.done += 1;
  else if (status === 'failed') items.failed += 1;
}

/** A step that ran when its run was ended from outside never came to an end of its own. */
function cutOff(step: StepSnapshot, standing: Standing): void {
  step.status = 'failed';
  step.error = standing.error ?? 'The run ended before the step';
}

function doneWith(outcome: unknown): Partial<StepSnapshot> {
  const done = isOutcome(outcome) ? outcome : undefined;
  return {
    status: 'done',
    result: done?.result ?? null,
    ...(done?.masked === undefined ? {} : { masked: done.masked }),
  };
}

function failedWith(error: Error | undefined): Partial<StepSnapshot> {
  const code = error instanceof ApplicationFailure && error.type && isCode(error.type) ? error.type : undefined;
  return {
    status: 'failed',
    error: error?.message ?? 'The step failed',
    ...(code === undefined ? {} : { error_code: code }),
  };
}

function isCode(type: string): type is Code {
  return Object.hasOwn(codes, type);
}

function isOutcome(value: unknown): value is StepOutcome {
  return isObject(value) && 'result' in value;
}

function isAnswer(value: unknown): value is Answer {
  return isObject(value) && typeof value.step_id === 'string';
}

/** Activities of the engine that look like a step's, such as `~checkpoint~3`. */
export function isEngineActivity(activityId: string): boolean {
  return /^~checkpoint~\d+$/.test(activityId);
}

/** The task that an activity was scheduled with. */
export async function taskOf(
  session: Session,
  runId: string,
  input: Parameters<typeof decode>[2],
): Promise<StepTask | undefined> {
  const [task] = await decode(session, runId, input);
  return isTask(task) ? task : undefined;
}

function isTask(value: unknown): value is StepTask {
  return isObject(value) && isObject(value.kind) && typeof value.workflow_id === 'string';
}
