import { evaluate } from '../definition/expressions.js';
import { dictionary, type JsonObject, type JsonValue } from '../definition/json.js';
import type { RequirementsCheck, RequirementsReport, StepOutcome, StepTask } from '../definition/messages.js';
import { resolveText, scopeLookup, type Lookup } from '../definition/references.js';
import type { RunStatus, RunWarning } from '../definition/snapshot.js';
import { cut } from '../definition/text.js';
import type { StepKind } from '../definition/types.js';
import { kinds } from '../kinds/index.js';
import { Gate } from './gate.js';
import { runInline, type InlineKind } from './inline.js';
import { EventLog } from './log.js';
import { concurrencyOf, reachable, type Plan, type PlanStep } from './plan.js';
import { Fifo, Smallest } from './queues.js';
import { initialScope, noticing, type MachineOptions, type RunScope } from './scope.js';
import { jsonBytes } from './size.js';
import { LONGEST_LABEL, pendingState, type Failure, type StepState } from './state.js';
import { buildTask } from './task.js';

/** A step that may start now: what to send, and the skill whose queue it goes to. */
export interface Start {
  readonly index: number;
  readonly skill: string;
  readonly task: StepTask;
}

/** The largest result of an inline step: what a Temporal payload holds. */
const MOST_INLINE_BYTES = 1_900_000;
/** Texts that references may blow up, and that the log, the snapshot and the end of the run all repeat. */
const LONGEST_MESSAGE = 64 * 1024;
const LONGEST_ERROR = 10_000;
const LONGEST_WARNING = 1_000;
const MOST_WARNINGS = 200;
/** After so many rejections of its connection without a success a step fails. */
const MAX_REJECTIONS = 5;

/**
 * The state of a run and the rules by which it goes on (design, section 5). It knows nothing of Temporal: whoever drives
 * it sets `now`, tells it what happened, calls `advance`, and does what `takeStarts` and `gate.takeChecks` ask for.
 * Over the whole run the cost is O(steps + edges): each step and each edge is looked at a bounded number of times.
 */
export class RunMachine {
  /** Milliseconds since the epoch; set before each call that changes something. */
  now = 0;
  readonly steps: StepState[];
  readonly scope: RunScope;
  readonly log = new EventLog();
  readonly warnings: RunWarning[] = [];
  readonly counts = { done: 0, failed: 0, skipped: 0 };
  readonly running = new Set<number>();
  readonly waiting = new Set<number>();
  readonly blocked = new Set<number>();
  /** Indexes of finished steps, the latest last. */
  readonly finished: number[] = [];
  /** Top-level keys of the context that hold a step's result, with that step's id. */
  readonly contextFrom = new Map<string, string>();
  failure: (Failure & { step?: number }) | undefined;
  canceled = false;
  readonly gate: Gate;
  startedAt = 0;
  completedAt: number | undefined;

  readonly #remaining: number[];
  readonly #readyParallel = new Fifo();
  readonly #readySequential = new Smallest();
  /** Steps whose turn has come and that wait for one of the run's activity slots. */
  readonly #slots = new Fifo();
  #done: number[] = [];
  #heldBy = 0;
  #started = false;
  #shownStatus: RunStatus = 'pending';
  #shownMissing = '';
  readonly #concurrency: number;
  readonly #lookup: Lookup;

  constructor(
    readonly plan: Plan,
    readonly options: MachineOptions,
  ) {
    this.steps = plan.steps.map(pendingState);
    this.#remaining = plan.steps.map((step) => step.dependencyCount);
    this.#concurrency = concurrencyOf(plan.definition);
    this.scope = initialScope(plan, options);
    this.#lookup = scopeLookup(this.scope);
    this.gate = new Gate(plan, this.steps, this.#lookup);
  }

  learn(check: RequirementsCheck, report: RequirementsReport): void {
    this.gate.learn(check, report);
  }

  start(): void {
    this.startedAt = this.now;
    this.log.add(this.now, 'workflow_started', -1, { total_steps: this.steps.length });
    this.#applyEntryPoint();
    this.#started = true;
    for (const step of this.plan.steps) {
      if (this.steps[step.index]?.status === 'pending' && this.#remaining[step.index] === 0) this.#ready(step);
    }
  }

  /** Lets every step whose turn has come begin; afterwards `takeStarts` and `gate.takeChecks` hold what the world must do. */
  advance(): void {
    while (!this.#stopping) {
      const next = this.#readyParallel.shift() ?? (this.#sequentialMayStart() ? this.#readySequential.shift() : undefined);
      if (next === undefined) break;
      this.#begin(this.#planned(next));
    }
    this.gate.fresh = false;
    this.#observeStatus();
  }

  get #stopping(): boolean {
    return this.failure !== undefined || this.canceled;
  }

  /** Whether nothing can happen any more. */
  get over(): boolean {
    if (this.running.size > 0) return false;
    return this.#stopping || this.counts.done + this.counts.skipped + this.counts.failed === this.steps.length;
  }

  get status(): RunStatus {
    if (this.over) return this.canceled ? 'canceled' : this.failure ? 'failed' : 'completed';
    if (this.running.size > 0 || this.#slots.size > 0 || this.gate.checking > 0 || this.#stopping) return 'running';
    if (this.waiting.size > 0) return 'paused';
    return this.blocked.size > 0 ? 'blocked' : 'running';
  }

  /** The skills that due steps lack, sorted. */
  missing(): string[] {
    const skills = new Set<string>();
    for (const index of this.blocked) for (const skill of this.#state(index).missing ?? []) skills.add(skill);
    return [...skills].sort();
  }

  /**
   * Steps to schedule now, within the run's concurrency and about `budget` bytes of inputs; at least one when a slot is
   * free. `measure` gives a task's size in bytes; a task above `limit` fails its step.
   */
  takeStarts(budget: number, limit: number, measure: (task: StepTask) => number): Start[] {
    const starts: Start[] = [];
    let left = budget;
    while (left > 0 && this.running.size < this.#concurrency && !this.#stopping) {
      const index = this.#slots.shift();
      if (index === undefined) break;
      const start = this.#startOf(index);
      const size = measure(start.task);
      if (size > limit) {
        this.#fail(index, {
          code: 'INPUT_TOO_LARGE',
          message: `The input of the step is ${size} bytes; ${limit} fit. Give the step an input mapping that picks what it needs.`,
        });
        continue;
      }
      left -= size;
      this.#markStarted(index, this.#state(index));
      this.running.add(index);
      starts.push(start);
    }
    return starts;
  }

  checked(steps: readonly number[], check: RequirementsCheck, report: RequirementsReport): void {
    this.learn(check, report);
    for (const index of steps) {
      this.gate.checking -= 1;
      if (this.#stopping) continue;
      const hadLostItsTurn = this.blocked.delete(index);
      this.#guard(index, () => this.#place(this.#planned(index), true, hadLostItsTurn));
    }
  }

  /** Steps that are done since the last call, for an external checkpoint. */
  takeDone(): number[] {
    const done = this.#done;
    this.#done = [];
    return done;
  }

  /** What the blocked steps wait for, or undefined when none is blocked. */
  awaited(): { key: string; check: RequirementsCheck } | undefined {
    if (this.blocked.size === 0) return undefined;
    const questions = this.gate.questions(this.blocked);
    return { key: questions.key, check: questions.check() };
  }

  /** Some skills may have appeared: the blocked steps that lack one of them are checked again. */
  recheck(skills?: ReadonlySet<string>): void {
    for (const index of this.blocked) {
      const missing = this.#state(index).missing ?? [];
      if (!skills || missing.some((skill) => skills.has(skill))) this.gate.queueCheck(index);
    }
  }

  succeed(index: number, outcome: StepOutcome): void {
    const state = this.#state(index);
    this.running.delete(index);
    state.attempts = outcome.attempts ?? 1;
    if (outcome.masked) state.masked = outcome.masked;
    this.#finish(index, 'done', outcome.result);
  }

  fail(index: number, failure: Failure): void {
    this.running.delete(index);
    this.#fail(index, failure);
  }

  /** A connection was missing, or was answered 401 or 403, while the step ran: it blocks until that changes. */
  reject(index: number, rejection: { skill: string; revision?: string }, failure: Failure): void {
    const state = this.#state(index);
    this.running.delete(index);
    state.rejections += 1;
    state.attempts = failure.attempts ?? state.attempts;
    if (state.rejections >= MAX_REJECTIONS) return this.#fail(index, failure);
    if (rejection.revision !== undefined) (state.rejected ??= new Map()).set(rejection.skill, rejection.revision);
    state.status = 'pending';
    this.gate.queueCheck(index);
  }

  /** No worker took the step in time: it is placed again, and blocks when none is there. No attempt is counted. */
  requeue(index: number): void {
    this.running.delete(index);
    this.#state(index).status = 'pending';
    this.gate.queueCheck(index);
  }

  /** The state of the step when it waits for an answer. */
  waitingStep(stepId: string): StepState | undefined {
    const index = this.plan.indexOf.get(stepId);
    return index !== undefined && this.waiting.has(index) ? this.#state(index) : undefined;
  }

  /** Gives a waiting step its answer, which the caller has checked; one that does not wait is left alone. */
  answer(stepId: string, value: JsonValue): void {
    const index = this.plan.indexOf.get(stepId);
    if (index === undefined || !this.waiting.delete(index)) return;
    if (!this.#planned(index).parallel) this.#heldBy -= 1;
    this.#finish(index, 'done', value);
  }

  /** Nothing new starts; the run is over when its running activities have ended. */
  cancel(): void {
    this.canceled = true;
    this.#stop();
  }

  failRun(failure: Failure): void {
    this.failure ??= failure;
    this.#stop();
  }

  /** Closes the log of a run that is over; waiting and blocked steps are shown as not reached. */
  end(): void {
    this.completedAt = this.now;
    for (const index of [...this.waiting, ...this.blocked]) {
      const state = this.#state(index);
      state.status = 'pending';
      delete state.missing;
      delete state.error;
    }
    this.waiting.clear();
    this.blocked.clear();
    const { done, failed } = this.counts;
    const error = this.canceled ? undefined : this.failure?.message;
    this.log.add(this.now, 'workflow_completed', -1, {
      status: this.status,
      steps_done: done,
      steps_failed: failed,
      ...(error === undefined ? {} : { error }),
    });
  }

  warn(warning: RunWarning): void {
    if (this.warnings.length >= MOST_WARNINGS) return;
    const last = this.warnings.length === MOST_WARNINGS - 1;
    const message = last ? 'There are more warnings than are kept; this is the last one' : cut(warning.message, LONGEST_WARNING);
    const kept = { ...warning, message };
    this.warnings.push(kept);
    this.log.add(this.now, 'run_warning', -1, kept);
  }

  /** The run's whole context, as steps without a mapping see it. */
  context(): JsonObject {
    const { context, input, env, steps } = this.scope;
    const whole = Object.assign(dictionary<JsonValue>(), context, { input, steps });
    if (Object.keys(env).length > 0) whole['env'] = env;
    return whole;
  }

  #planned(index: number): PlanStep {
    return this.plan.steps[index] as PlanStep;
  }

  #state(index: number): StepState {
    return this.steps[index] as StepState;
  }

  #ready(step: PlanStep): void {
    (step.parallel ? this.#readyParallel : this.#readySequential).push(step.index);
  }

  #sequentialMayStart(): boolean {
    return this.running.size === 0 && this.#slots.size === 0 && this.gate.checking === 0 && this.#heldBy === 0;
  }

  #applyEntryPoint(): void {
    const { entryPoint, indexOf } = this.plan;
    if (!entryPoint) return;
    for (const [id, value] of Object.entries(entryPoint.preset_results ?? {})) this.scope.steps[id] = value;
    const reached = reachable(this.plan, indexOf.get(entryPoint.starts_at) ?? -1);
    for (const step of this.plan.steps) {
      if (!reached[step.index]) this.#finish(step.index, 'skipped', this.scope.steps[step.id]);
    }
  }

  /** The step's turn has come. */
  #begin(step: PlanStep): void {
    this.#guard(step.index, () => {
      if (this.#choose(step)) this.#place(step, this.gate.fresh);
    });
  }

  /** Whatever a step's texts grow to, they fail the step and not the interpreter. */
  #guard(index: number, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#fail(index, tooLong(error));
    }
  }

  /** Is it skipped, and what does it do? False when that settles it. */
  #choose(step: PlanStep): boolean {
    const { index } = step;
    const state = this.#state(index);
    if (state.kind !== undefined) return true;
    const lookup = this.#seenBy(step);
    if (step.skipIf && evaluate(step.skipIf, lookup)) {
      this.#finish(index, 'skipped', undefined);
      return false;
    }
    state.label = cut(resolveText(step.step.label ?? step.id, lookup), LONGEST_LABEL);
    let kind: StepKind = step.step.kind;
    while (kind.type === 'condition') {
      const outcome = runInline(kind, lookup);
      if (outcome.type === 'done') {
        this.#markStarted(index, state);
        this.#finish(index, 'done', outcome.result);
        return false;
      }
      if (outcome.type !== 'branch') break;
      kind = outcome.kind;
    }
    state.kind = kind;
    return true;
  }

  #place(step: PlanStep, fresh: boolean, queueAgain = false): void {
    const { index } = step;
    const state = this.#state(index);
    const placement = this.gate.place(index);
    if (placement.at === 'nowhere') {
      if (!fresh || !this.gate.hasAsked(placement)) {
        this.gate.queueCheck(index);
        return;
      }
      const unknown = this.gate.unknownTool(placement);
      if (unknown !== undefined) {
        return this.#fail(index, {
          code: 'TOOL_NOT_FOUND',
          message: `No worker offers the tool '${unknown}'. Start one with a tools file that defines it, or correct tool_name.`,
        });
      }
      if (placement.unmet.length > 0) {
        return this.#block(index, [...new Set(placement.unmet.map((query) => query.skill))]);
      }
    }
    this.#unblock(index, state);
    if (queueAgain && !step.parallel) this.#readySequential.push(index);
    else if (placement.at === 'inline') this.#runInline(step, state);
    else this.#slots.push(index);
  }

  #runInline(step: PlanStep, state: StepState): void {
    this.#markStarted(step.index, state);
    const outcome = runInline(state.kind as InlineKind, this.#seenBy(step));
    switch (outcome.type) {
      case 'done': {
        const bytes = jsonBytes(outcome.result);
        if (bytes > MOST_INLINE_BYTES) return this.#fail(step.index, resultTooLarge(bytes));
        return this.#finish(step.index, 'done', outcome.result);
      }
      case 'wait':
        if (outcome.message.length > LONGEST_MESSAGE) return this.#fail(step.index, messageTooLong(outcome.message.length));
        state.status = 'waiting_for_input';
        state.message = outcome.message;
        state.schema = outcome.schema;
        this.waiting.add(step.index);
        if (!step.parallel) this.#heldBy += 1;
        return this.log.add(this.now, 'step_waiting', step.index, { message: outcome.message, schema: outcome.schema });
      case 'branch':
        return this.#fail(step.index, { code: 'INTERNAL', message: 'A condition was left unevaluated' });
    }
  }

  #startOf(index: number): Start {
    const step = this.#planned(index);
    const state = this.#state(index);
    const kind = state.kind as StepKind;
    const placement = this.gate.place(index);
    const plain = kinds[kind.type];
    const skill = placement.at === 'skill' ? placement.skill : plain.runs === 'activity' ? plain.skill : '';
    const task = buildTask(this.plan.definition.id, step.step, kind, this.#seenBy(step), () => this.context());
    return { index, skill, task };
  }

  #markStarted(index: number, state: StepState): void {
    if (state.startedAt === undefined) this.log.add(this.now, 'step_started', index);
    state.status = 'running';
    state.startedAt ??= this.now;
  }

  #block(index: number, missing: string[]): void {
    const state = this.#state(index);
    this.blocked.add(index);
    const error = `Missing skills: ${missing.join(', ')}`;
    if (state.status === 'blocked' && state.error === error) return;
    state.status = 'blocked';
    state.missing = missing;
    state.error = error;
    this.log.add(this.now, 'step_blocked', index, { missing });
  }

  #unblock(index: number, state: StepState): void {
    if (state.missing === undefined) return;
    state.status = 'pending';
    delete state.missing;
    delete state.error;
    this.log.add(this.now, 'step_unblocked', index);
  }

  #fail(index: number, given: Failure): void {
    const failure = { ...given, message: cut(given.message, LONGEST_ERROR) };
    const state = this.#state(index);
    state.status = 'failed';
    state.error = failure.message;
    state.errorCode = failure.code;
    state.attempts = failure.attempts ?? state.attempts;
    state.startedAt ??= this.now;
    state.completedAt = this.now;
    delete state.missing;
    this.counts.failed += 1;
    this.finished.push(index);
    this.log.add(this.now, 'step_failed', index, { error: failure.message, error_code: failure.code });
    if (this.canceled) return;
    this.failure ??= { ...failure, step: index };
    this.#stop();
  }

  #stop(): void {
    this.#readyParallel.clear();
    this.#readySequential.clear();
    this.#slots.clear();
    this.gate.clear();
  }

  #finish(index: number, status: 'done' | 'skipped', result: JsonValue | undefined): void {
    const step = this.#planned(index);
    const state = this.#state(index);
    state.status = status;
    state.completedAt = this.now;
    if (result !== undefined) {
      state.result = result;
      this.scope.steps[step.id] = result;
    }
    this.counts[status] += 1;
    if (status === 'done') {
      this.finished.push(index);
      this.#done.push(index);
      const plain = kinds[(state.kind ?? step.step.kind).type];
      if (plain.runs === 'activity' && 'contextKey' in plain && result !== undefined) {
        this.scope.context[plain.contextKey] = result;
        this.contextFrom.set(plain.contextKey, step.id);
      }
    }
    this.log.add(this.now, status === 'done' ? 'step_completed' : 'step_skipped', index);
    for (const dependent of step.dependents) {
      const left = (this.#remaining[dependent] as number) - 1;
      this.#remaining[dependent] = left;
      if (left === 0 && this.#state(dependent).status === 'pending' && this.#started) this.#ready(this.#planned(dependent));
    }
  }

  /** The run's references as a step sees them: what it lacks and no connection can bring is warned about. */
  #seenBy(step: PlanStep): Lookup {
    return step.requires.length > 0 ? this.#lookup : noticing(this.#lookup, (name) => this.#variableMissing(step.id, name));
  }

  #variableMissing(stepId: string, name: string): void {
    const message = `The run has no variable for {env.${name}}; it stays as written`;
    if (this.warnings.some((warning) => warning.step_id === stepId && warning.message === message)) return;
    this.warn({ code: 'MISSING_VARIABLE', message, step_id: stepId });
  }

  /** Tells when the run as a whole pauses or blocks. */
  #observeStatus(): void {
    const status = this.status;
    const missing = status === 'blocked' ? this.missing() : [];
    const shownMissing = missing.join(' ');
    if (status === this.#shownStatus && shownMissing === this.#shownMissing) return;
    if (status === 'blocked') this.log.add(this.now, 'run_blocked', -1, { missing });
    if (status === 'paused' && this.#shownStatus !== 'paused') {
      const [first] = this.waiting;
      if (first !== undefined) this.log.add(this.now, 'workflow_paused', first, { message: this.#state(first).message ?? '' });
    }
    this.#shownStatus = status;
    this.#shownMissing = shownMissing;
  }
}

function resultTooLarge(bytes: number): Failure {
  return {
    code: 'RESULT_TOO_LARGE',
    message: `The result of the step is ${bytes} bytes; ${MOST_INLINE_BYTES} fit. Refer to less in its texts.`,
  };
}

function messageTooLong(characters: number): Failure {
  return {
    code: 'INPUT_TOO_LARGE',
    message: `The message of the step has ${characters} characters; ${LONGEST_MESSAGE} fit. Refer to less in it.`,
  };
}

/** What references put into a text exceeded the longest string there is. Anything else is a defect and goes on. */
function tooLong(error: unknown): Failure {
  if (!(error instanceof RangeError)) throw error;
  return { code: 'INPUT_TOO_LARGE', message: 'The texts of the step are too long with their references put in. Refer to less.' };
}
