import { evaluate } from '../definition/expressions.js';
import { dictionary, type JsonObject, type JsonValue } from '../definition/json.js';
import type { Migrate, RequirementsCheck, RequirementsReport, StepOutcome, StepTask } from '../definition/messages.js';
import { resolveText, scopeLookup, type Lookup } from '../definition/references.js';
import type { RunStatus, RunWarning } from '../definition/snapshot.js';
import { cut } from '../definition/text.js';
import type { StepKind } from '../definition/types.js';
import { kinds } from '../kinds/index.js';
import { Gate } from './gate.js';
import { packState, unpackState, type Carried } from './carry.js';
import { runInline, type InlineKind } from './inline.js';
import { EventLog } from './log.js';
import { concurrencyOf, reachable, type Plan, type PlanStep } from './plan.js';
import { Fifo } from './queues.js';
import { Readiness } from './readiness.js';
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
/** A delay up to this long, in seconds, holds back sequential steps as a running step does. */
const SHORT_DELAY_SECS = 60;
/** Entries of the log that a new execution of the run gets. */
const CARRIED_EVENTS = 2_000;
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
  /** When waits and delays end by themselves: milliseconds since the epoch, by step. */
  readonly deadlines = new Map<number, number>();
  /** Failed steps of a run that holds: they wait to be retried, skipped or given up. */
  readonly held = new Set<number>();
  paused: { by: 'user' | 'failure'; at: number } | undefined;
  /** Indexes of finished steps, the latest last. */
  readonly finished: number[] = [];
  /** Top-level keys of the context that hold a step's result, with that step's id. */
  readonly contextFrom = new Map<string, string>();
  /** The definition that the run is to go on by: nothing starts until it does. */
  migration: Migrate | undefined;
  /** Starts no activity, so that the run comes to a moment with none in flight. */
  draining = false;
  failure: (Failure & { step?: number }) | undefined;
  canceled = false;
  readonly gate: Gate;
  startedAt = 0;
  completedAt: number | undefined;

  readonly #ready: Readiness;
  /** Steps whose turn has come and that wait for one of the run's activity slots. */
  readonly #slots = new Fifo();
  #done: number[] = [];
  #heldBy = 0;
  /** Delays so short that they count as running. */
  readonly #short = new Set<number>();
  #shownStatus: RunStatus = 'pending';
  #shownMissing = '';
  readonly #concurrency: number;
  readonly #lookup: Lookup;

  constructor(
    readonly plan: Plan,
    readonly options: MachineOptions,
  ) {
    this.steps = plan.steps.map(pendingState);
    this.#ready = new Readiness(plan);
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
    this.#applySeed();
    this.#release([...this.#ready.first()]);
  }

  /** Whether no activity is in flight and no check is under way: delays, waits and blocked steps are only state. */
  get idle(): boolean {
    return this.running.size === 0 && this.gate.checking === 0 && !this.canceled;
  }

  /** What a new execution of the run needs to go on from here; only while nothing is in flight. */
  carry(): Carried {
    const { scope, log, failure, paused } = this;
    const others = dictionary<JsonValue>();
    for (const [id, value] of Object.entries(scope.steps)) {
      const state = this.steps[this.plan.indexOf.get(id) ?? -1];
      if (state?.result !== value && state?.status !== 'failed') others[id] = value;
    }
    return {
      steps: this.steps.flatMap((state, index) => {
        const packed = packState(state);
        return packed ? [[index, packed]] : [];
      }),
      others,
      context: scope.context,
      context_from: [...this.contextFrom],
      log: { last_seq: log.lastSeq, entries: [...log.newest(CARRIED_EVENTS)] },
      warnings: this.warnings,
      finished: this.finished,
      unreached: this.#ready.unreached,
      held: [...this.held],
      deadlines: [...this.deadlines],
      known: this.gate.known(),
      started_at: this.startedAt,
      shown: [this.#shownStatus, this.#shownMissing],
      ...(failure ? { failure } : {}),
      ...(paused ? { paused } : {}),
    };
  }

  /** Takes the place of `start` in an execution that goes on from another one. */
  restore(carried: Carried): void {
    this.startedAt = carried.started_at;
    this.log.restore(carried.log.last_seq, carried.log.entries);
    this.warnings.push(...carried.warnings);
    this.finished.push(...carried.finished);
    this.failure = carried.failure;
    this.paused = carried.paused;
    for (const index of carried.held) this.held.add(index);
    for (const [index, at] of carried.deadlines) this.deadlines.set(index, at);
    for (const [key, id] of carried.context_from) this.contextFrom.set(key, id);
    this.gate.recall(carried.known);
    Object.assign(this.scope.context, carried.context);
    Object.assign(this.scope.steps, carried.others);
    [this.#shownStatus, this.#shownMissing] = carried.shown as [RunStatus, string];
    for (const [index, packed] of carried.steps) this.#restoreStep(index, unpackState(packed));
    for (const index of carried.unreached) this.#ready.reachNoMore(index);
    const open = [...this.#ready.first()].filter(({ index }) => !this.#isUnderWay(index));
    this.#release(open);
  }

  #restoreStep(index: number, state: StepState): void {
    this.steps[index] = state;
    const step = this.#planned(index);
    switch (state.status) {
      case 'done':
      case 'skipped':
        if (state.result !== undefined) this.scope.steps[step.id] = state.result;
        this.counts[state.status] += 1;
        this.#ready.settle(index, false);
        return;
      case 'failed':
        this.scope.steps[step.id] = { error: state.error ?? '', error_code: state.errorCode ?? '' };
        this.counts.failed += 1;
        if (!this.held.has(index)) this.#ready.settle(index, true);
        return;
      case 'waiting_for_input':
        this.waiting.add(index);
        if (!step.parallel) this.#heldBy += 1;
        return;
      case 'blocked':
        this.blocked.add(index);
        return;
      case 'running':
        if (!step.parallel) this.#heldBy += 1;
        if ((this.deadlines.get(index) ?? 0) - this.now <= SHORT_DELAY_SECS * 1000) this.#short.add(index);
        return;
      case 'pending':
        return;
    }
  }

  #isUnderWay(index: number): boolean {
    return this.waiting.has(index) || this.blocked.has(index) || this.deadlines.has(index) || this.held.has(index);
  }

  /** Lets every step whose turn has come begin; afterwards `takeStarts` and `gate.takeChecks` hold what the world must do. */
  advance(): void {
    while (!this.paused && !this.migration) {
      const next = this.#ready.parallel.shift() ?? (this.#sequentialMayStart() ? this.#ready.sequential.shift() : undefined);
      if (next === undefined) break;
      if (!this.#ready.isSettled(next)) this.#begin(this.#planned(next));
    }
    this.gate.fresh = false;
    this.#observeStatus();
  }

  /** Whether the run is over but for steps that run on failure or always. */
  get #winding(): boolean {
    return this.failure !== undefined || this.canceled;
  }

  /** Whether nothing can happen any more. */
  get over(): boolean {
    const { done, skipped, failed } = this.counts;
    return this.running.size === 0 && done + skipped + failed + this.#ready.unreached.length - this.held.size === this.steps.length;
  }

  get status(): RunStatus {
    if (this.over) return this.canceled ? 'canceled' : this.failure ? 'failed' : 'completed';
    if (this.running.size > 0) return 'running';
    if (this.paused) return 'paused';
    if (this.#slots.size > 0 || this.gate.checking > 0) return 'running';
    if (this.waiting.size > 0) return 'paused';
    return this.blocked.size > 0 && this.deadlines.size === 0 ? 'blocked' : 'running';
  }

  /** The skills that due steps lack, sorted. */
  missing(): string[] {
    const skills = new Set<string>();
    for (const index of this.blocked) for (const skill of this.#state(index).missing ?? []) skills.add(skill);
    return [...skills].sort();
  }

  /**
   * Steps to schedule now, within the run's concurrency and `budget`; at least one when a slot is free. `measure`
   * gives a task's size in bytes and what it costs of the budget; a task of more than `limit` bytes fails its step.
   */
  takeStarts(budget: number, limit: number, measure: (task: StepTask) => { bytes: number; cost: number }): Start[] {
    const starts: Start[] = [];
    let left = budget;
    while (this.running.size < this.#concurrency && !this.paused && !this.draining && !this.migration) {
      const index = this.#slots.peek();
      if (index === undefined) break;
      const start = this.#ready.isSettled(index) ? undefined : this.#startOf(index);
      const { bytes, cost } = start ? measure(start.task) : { bytes: 0, cost: 0 };
      if (cost > left && starts.length > 0) break;
      this.#slots.shift();
      if (!start) continue;
      if (bytes > limit) {
        this.#fail(index, {
          code: 'INPUT_TOO_LARGE',
          message: `The input of the step is ${bytes} bytes; ${limit} fit. Give the step an input mapping that picks what it needs.`,
        });
        continue;
      }
      left -= cost;
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
      if (this.#ready.isSettled(index)) continue;
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
    if (index === undefined || !this.waiting.has(index)) return;
    this.#leave(index);
    this.#finish(index, 'done', value);
  }

  /** A delay has passed, or a wait has lasted too long. */
  timeUp(index: number): void {
    const state = this.#state(index);
    const wasWaiting = this.waiting.has(index);
    const until = this.deadlines.get(index);
    this.#leave(index);
    if (!wasWaiting) return this.#finish(index, 'done', { until: new Date(until ?? this.now).toISOString() });
    const secs = this.#planned(index).step.timeout_secs;
    this.#fail(index, { code: 'TIMED_OUT', message: `No answer came within ${secs} s (timeout_secs): ${state.message ?? ''}` });
  }

  /** Nothing new starts until `resume`; what runs finishes. Idempotent. */
  pause(): void {
    if (this.paused || this.#winding) return;
    this.paused = { by: 'user', at: this.now };
    this.log.add(this.now, 'run_paused', -1, { by: 'user' });
  }

  /**
   * Goes on; a run that holds for its failed steps gives them up, and winds down as failed. One that its user had paused
   * before they failed holds for them now. Idempotent.
   */
  resume(): void {
    if (!this.paused) return;
    if (this.paused.by === 'user' && this.held.size > 0) {
      this.paused = { by: 'failure', at: this.now };
      this.log.add(this.now, 'run_paused', -1, { by: 'failure' });
      return;
    }
    this.paused = undefined;
    this.log.add(this.now, 'run_resumed', -1);
    for (const index of this.held) this.#giveUp(index);
    this.held.clear();
  }

  /** Whether a step can be run again: it failed, and the run holds for it. */
  isHeld(stepId: string): boolean {
    return this.held.has(this.plan.indexOf.get(stepId) ?? -1);
  }

  /** Runs a failed step again for which the run holds. Its idempotency key changes: the user asked for it. */
  retry(stepId: string): void {
    const index = this.#unhold(stepId);
    if (index === undefined) return;
    const state = this.#state(index);
    state.reruns += 1;
    state.status = 'pending';
    for (const key of ['error', 'errorCode', 'startedAt', 'completedAt', 'result'] as const) delete state[key];
    this.log.add(this.now, 'step_retried', index);
    this.#ready.push(this.#planned(index));
  }

  /** Whether a step can be skipped by its user: it neither runs nor is settled. */
  isSkippable(stepId: string): boolean {
    const index = this.plan.indexOf.get(stepId);
    return index !== undefined && !this.running.has(index) && (this.held.has(index) || !this.#ready.isSettled(index));
  }

  /** Settles a step that has not run, waits, is blocked, or failed in a run that holds, with a result of its user's. */
  skip(stepId: string, result: JsonValue | undefined): void {
    const index = this.#unhold(stepId) ?? this.plan.indexOf.get(stepId);
    if (index === undefined || this.#ready.isSettled(index)) return;
    this.#leave(index);
    this.#finish(index, 'skipped', result);
  }

  /** Steps that run always still run; all others that have not started are unreached. */
  cancel(): void {
    if (this.canceled) return;
    this.canceled = true;
    this.paused = undefined;
    for (const index of this.held) this.#release(this.#ready.settle(index, true));
    this.held.clear();
    this.#windDown((step) => step.runOn === 'always');
  }

  /** Ends the run: nothing new starts at all. */
  failRun(failure: Failure): void {
    this.failure ??= failure;
    this.paused = undefined;
    this.#windDown(() => false);
  }

  /** Closes the log of a run that is over. */
  end(): void {
    this.completedAt = this.now;
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

  #sequentialMayStart(): boolean {
    const runs = this.running.size + this.#slots.size + this.gate.checking + this.#short.size;
    return runs === 0 && this.#heldBy === 0;
  }

  #applyEntryPoint(): void {
    const { entryPoint, indexOf } = this.plan;
    if (!entryPoint) return;
    for (const [id, value] of Object.entries(entryPoint.preset_results ?? {})) this.scope.steps[id] = value;
    if (this.options.seed) return;
    const reached = reachable(this.plan, indexOf.get(entryPoint.starts_at) ?? -1);
    for (const step of this.plan.steps) {
      if (reached[step.index]) continue;
      this.#record(step.index, 'skipped', this.scope.steps[step.id]);
      this.#ready.settle(step.index, false);
    }
  }

  /** Steps whose results come from an earlier run are settled without having started. */
  #applySeed(): void {
    for (const [id, { status, result, label }] of Object.entries(this.options.seed ?? {})) {
      const index = this.plan.indexOf.get(id);
      if (index === undefined || this.#ready.isSettled(index)) continue;
      const state = this.#state(index);
      state.kept = true;
      if (label !== undefined) state.label = label;
      this.#record(index, status, result);
      this.#ready.settle(index, false);
    }
    this.#done = [];
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
    if (queueAgain && !step.parallel) this.#ready.push(step);
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
        this.#hold(step, step.step.timeout_secs ?? undefined);
        return this.log.add(this.now, 'step_waiting', step.index, {
          message: outcome.message,
          schema: outcome.schema,
          ...this.#untilOf(step.index),
        });
      case 'delay':
        this.#hold(step, Math.max(0, (outcome.until ?? this.now + outcome.secs * 1000) - this.now) / 1000);
        return this.log.add(this.now, 'step_delayed', step.index, this.#untilOf(step.index));
      case 'fail':
        return this.#fail(step.index, outcome.failure);
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
    const task = buildTask(this.plan.definition.id, step.step, kind, this.#seenBy(step), () => this.context(), state.reruns);
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
    const step = this.#planned(index);
    const ends = step.step.on_error !== 'continue' && !this.#winding;
    const held = ends && this.plan.definition.on_failure === 'hold';
    const { code, message } = failure;
    this.log.add(this.now, 'step_failed', index, { error: message, error_code: code, ...(held ? { held } : {}) });
    this.scope.steps[step.id] = { error: message, error_code: code };
    if (held) this.#holdFor(index);
    else if (ends) this.#giveUp(index);
    else this.#release(this.#ready.settle(index, true));
  }

  #holdFor(index: number): void {
    this.held.add(index);
    if (this.paused) return;
    this.paused = { by: 'failure', at: this.now };
    this.log.add(this.now, 'run_paused', -1, { by: 'failure' });
  }

  /** The failure of a step becomes that of the run: only steps that run on failure or always still start. */
  #giveUp(index: number): void {
    const { error, errorCode } = this.#state(index);
    this.failure ??= { code: errorCode ?? 'INTERNAL', message: error ?? '', step: index };
    this.#release(this.#ready.settle(index, true));
    this.#windDown((step) => step.runOn !== 'success');
  }

  /** Settles every step as unreached that neither runs nor may still run; those that may keep their place. */
  #windDown(keeps: (step: PlanStep) => boolean): void {
    this.#ready.clear();
    this.#slots.clear();
    this.gate.clear();
    const open: PlanStep[] = [];
    for (const step of this.plan.steps) {
      const { index } = step;
      if (this.#ready.isSettled(index) || this.running.has(index)) continue;
      if (keeps(step)) {
        if (this.#ready.isOpen(step) && !this.waiting.has(index) && !this.deadlines.has(index)) open.push(step);
        continue;
      }
      this.#leave(index);
      this.#state(index).status = 'pending';
      open.push(...this.#ready.reachNoMore(index));
    }
    this.#release(open);
  }

  /** Steps whose dependencies are settled: they get in line, or are skipped by their `run_on`. */
  #release(steps: readonly PlanStep[]): void {
    const due = [...steps];
    for (let step = due.shift(); step !== undefined; step = due.shift()) {
      if (this.#ready.isSettled(step.index)) continue;
      if (this.#ready.turnOf(step) === 'ready') {
        this.#ready.push(step);
      } else {
        this.#record(step.index, 'skipped', undefined);
        due.push(...this.#ready.settle(step.index, false));
      }
    }
  }

  /** A step waits or is delayed: a sequential one holds later ones; a short delay counts as running. */
  #hold(step: PlanStep, secs: number | undefined): void {
    if (!step.parallel) this.#heldBy += 1;
    if (secs === undefined) return;
    this.deadlines.set(step.index, this.now + secs * 1000);
    if (secs <= SHORT_DELAY_SECS && !this.waiting.has(step.index)) {
      this.#short.add(step.index);
    }
  }

  #untilOf(index: number): { until?: string } {
    const until = this.deadlines.get(index);
    return until === undefined ? {} : { until: new Date(until).toISOString() };
  }

  /** The step waits, is delayed or is blocked no more. */
  #leave(index: number): void {
    const state = this.#state(index);
    const held = this.waiting.delete(index) || (this.deadlines.has(index) && state.status === 'running');
    if (held && !this.#planned(index).parallel) this.#heldBy -= 1;
    this.deadlines.delete(index);
    this.#short.delete(index);
    if (this.blocked.delete(index)) {
      delete state.missing;
      delete state.error;
    }
  }

  /** The step is no more one for which the run holds; the run goes on when there is no other. */
  #unhold(stepId: string): number | undefined {
    const index = this.plan.indexOf.get(stepId);
    if (index === undefined || !this.held.delete(index)) return undefined;
    this.counts.failed -= 1;
    this.finished.splice(this.finished.lastIndexOf(index), 1);
    delete this.scope.steps[stepId];
    if (this.held.size === 0 && this.paused?.by === 'failure') {
      this.paused = undefined;
      this.log.add(this.now, 'run_resumed', -1);
    }
    return index;
  }

  #finish(index: number, status: 'done' | 'skipped', result: JsonValue | undefined): void {
    this.#record(index, status, result);
    this.#release(this.#ready.settle(index, false));
  }

  #record(index: number, status: 'done' | 'skipped', result: JsonValue | undefined): void {
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
