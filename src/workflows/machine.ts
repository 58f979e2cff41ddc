import { dictionary, type JsonObject, type JsonValue } from '../definition/json.js';
import type { RequirementsCheck, RequirementsReport, SharedValues, StepOutcome, StepTask } from '../definition/messages.js';
import type { RunStatus } from '../definition/snapshot.js';
import type { StepKind } from '../definition/types.js';
import { kinds } from '../kinds/index.js';
import { begin, guard, markStarted, place, refill } from './begin.js';
import { childRequest, type ChildRequest } from './child.js';
import { reachable } from './plan.js';
import { RunState } from './run-state.js';
import { fail, finish, leave, record, release, cancelChild } from './settle.js';
import type { Failure, MissingReasons, StepState } from './state.js';
import { buildTask, sharedArgument, sharedOf } from './task.js';
import { isSequential, type Unit } from './unit.js';

/** A unit that may start now, as an activity on the queue of a skill, or as a child. */
export type Start = ActivityStart | ChildStart;
export interface ActivityStart {
  readonly index: number;
  readonly skill: string;
  readonly task: StepTask;
  readonly shared?: SharedValues;
  readonly child?: undefined;
}
interface ChildStart {
  readonly index: number;
  readonly child: ChildRequest;
}

/** The size of what a start sends, in bytes, and what it costs of the budget of a turn. */
export type Measure = (sent: StepTask | ChildRequest) => { bytes: number; cost: number };

/** After so many rejections of its connection without a success a step fails. */
const MAX_REJECTIONS = 5;

/**
 * The state of a run and the rules by which it goes on (design, section 5). It knows nothing of Temporal: whoever drives
 * it sets `now`, tells it what happened, calls `advance`, and does what `takeStarts` and `gate.takeChecks` ask for.
 * Over the whole run the cost is O(steps + edges + elements): each is looked at a bounded number of times.
 */
export class RunMachine extends RunState {
  #shownStatus: RunStatus = 'pending';
  #shownMissing = '';

  learn(check: RequirementsCheck, report: RequirementsReport): void {
    this.gate.learn(check, report);
  }

  start(): void {
    this.startedAt = this.now;
    this.log.add(this.now, 'workflow_started', -1, { total_steps: this.steps.length });
    this.#applyEntryPoint();
    this.#applySeed();
    release(this, [...this.ready.first()]);
  }

  /** Whether no activity is in flight and no check is under way: delays, waits, children and blocked steps are only state. */
  get idle(): boolean {
    return this.running.size === 0 && this.gate.checking === 0 && !this.canceled;
  }

  /** Whether a time is up whose timer has yet to fire. */
  get isOverdue(): boolean {
    for (const at of this.deadlines.values()) if (at <= this.now) return true;
    return false;
  }

  /** Lets every unit whose turn has come begin; afterwards `takeStarts` and `gate.takeChecks` hold what the world must do. */
  advance(): void {
    while (!this.paused && !this.migration) {
      const next = this.ready.shift('parallel');
      if (next === undefined && refill(this)) continue;
      const index = next ?? (this.#sequentialMayStart() ? this.ready.shift('sequential') : undefined);
      if (index === undefined) break;
      begin(this, this.units[index] as Unit);
    }
    this.gate.fresh = false;
    this.#observe();
  }

  /** Whether nothing can happen any more. */
  get over(): boolean {
    return this.running.size === 0 && this.ready.allSettled;
  }

  get status(): RunStatus {
    if (this.over) return this.canceled ? 'canceled' : this.failure ? 'failed' : 'completed';
    if (this.running.size > 0 || this.runningChildren.size > 0) return 'running';
    if (this.paused) return 'paused';
    if (this.slots.size > 0 || this.gate.checking > 0) return 'running';
    if (this.waiting.size > 0 || this.#hasChild('paused')) return 'paused';
    return (this.blocked.size > 0 || this.#hasChild('blocked')) && !this.#isDelayed ? 'blocked' : 'running';
  }

  /** The skills that due steps, and children, lack, sorted. */
  missing(): string[] {
    const skills = new Set<string>();
    for (const index of this.blocked) for (const skill of this.unit(index)?.state.missing ?? []) skills.add(skill);
    for (const { state } of this.children.values()) for (const skill of state.child?.missing ?? []) skills.add(skill);
    return [...skills].sort();
  }

  /** Why skills are missing that due steps lack. */
  missingReasons(): MissingReasons {
    const reasons = dictionary<string>();
    for (const index of this.blocked) Object.assign(reasons, this.unit(index)?.state.missingReasons);
    return reasons;
  }

  /**
   * What to start now, within the run's concurrency and `budget`; at least one when a slot is free. What is more than
   * `limit` bytes fails its step.
   */
  takeStarts(budget: number, limit: number, measure: Measure): Start[] {
    const starts: Start[] = [];
    let left = budget;
    while (this.running.size + this.runningChildren.size < this.concurrency && !this.paused && !this.draining && !this.migration) {
      const index = this.slots.peek();
      if (index === undefined) break;
      const unit = this.isSettled(index) ? undefined : this.unit(index);
      const start = unit && !this.isInFlight(unit) ? this.#startOf(unit) : undefined;
      const { bytes, cost } = start && !('code' in start) ? measure(start.child ?? start.task) : { bytes: 0, cost: 0 };
      if (cost > left && starts.length > 0) break;
      this.slots.shift();
      if (!unit || !start) continue;
      if ('code' in start || bytes > limit) {
        fail(this, unit, 'code' in start ? start : inputTooLarge(bytes, limit));
        // Nothing else lets those behind it begin when nothing is in flight. Runs of before 0.2.0 waited until something was.
        if (this.patched('behind-what-cannot-start')) this.advance();
        continue;
      }
      left -= cost;
      this.#started(unit, start);
      starts.push(start);
    }
    return starts;
  }

  checked(units: readonly number[], check: RequirementsCheck, report: RequirementsReport): void {
    this.learn(check, report);
    for (const index of units) {
      this.gate.checking -= 1;
      const unit = this.unit(index);
      if (!unit || this.isSettled(index)) continue;
      const hadLostItsTurn = this.blocked.delete(index);
      guard(this, unit, () => place(this, unit, true, hadLostItsTurn));
    }
  }

  /** What the blocked ones wait for, or undefined when none is blocked. */
  awaited(): { key: string; check: RequirementsCheck } | undefined {
    if (this.blocked.size === 0) return undefined;
    const questions = this.gate.questions(this.blocked);
    return { key: questions.key, check: questions.check() };
  }

  /** Some skills may have appeared: those blocked that lack one of them are checked again. */
  recheck(skills?: ReadonlySet<string>): void {
    for (const index of this.blocked) {
      const state = this.unit(index)?.state;
      if (skills && !state?.missing?.some((skill) => skills.has(skill))) continue;
      if (state?.missed) state.missed = { ...state.missed, waits: false };
      this.gate.queueCheck(index);
    }
  }

  succeed(index: number, outcome: StepOutcome): void {
    const unit = this.#ended(index);
    unit.state.attempts = outcome.attempts ?? 1;
    if (outcome.masked) unit.state.masked = outcome.masked;
    if (outcome.warnings) this.warnOfStep(unit.step.id, outcome.warnings);
    finish(this, unit, 'done', outcome.result);
  }

  fail(index: number, failure: Failure): void {
    fail(this, this.#ended(index), failure);
  }

  /** A connection was missing, or was answered 401 or 403, while the step ran: it blocks until that changes. */
  reject(index: number, { skill, revision }: { skill: string; revision?: string }, failure: Failure): void {
    const unit = this.#ended(index);
    const { state } = unit;
    state.attempts = failure.attempts ?? state.attempts;
    // To runs that got here before 0.2.0 a connection that was missing was one that was rejected.
    if (failure.code === 'CONNECTION_MISSING' && this.patched('missing-is-not-rejected')) {
      const times = (state.missed?.times ?? 0) + 1;
      // It may have gone just now: the first time it is looked for at once.
      state.missed = { skill, times, waits: times > 1 };
    } else {
      state.rejections += 1;
      if (state.rejections >= MAX_REJECTIONS) return fail(this, unit, failure);
    }
    if (revision !== undefined) (state.rejected ??= new Map()).set(skill, revision);
    this.#placeAgain(unit);
  }

  /** No worker took the step in time: it is placed again, and blocks when none is there. No attempt is counted. */
  requeue(index: number): void {
    this.#placeAgain(this.#ended(index));
  }

  /** The state of the step, or of an element of it, when it waits for an answer. */
  waitingStep(stepId: string, element?: number): StepState | undefined {
    const unit = this.named(stepId, element);
    return unit !== undefined && this.waiting.has(unit.index) ? unit.state : undefined;
  }

  /** Gives what waits its answer, which the caller has checked; what does not wait is left alone. */
  answer(stepId: string, value: JsonValue, element?: number): void {
    const unit = this.named(stepId, element);
    if (unit === undefined || !this.waiting.has(unit.index)) return;
    leave(this, unit);
    finish(this, unit, 'done', value);
  }

  /** A delay has passed, or a wait or a child has lasted too long; unless what was told at the same moment has ended it. */
  timeUp(index: number): void {
    const unit = this.unit(index);
    if (unit === undefined || !this.deadlines.has(index)) return;
    const { state, step } = unit;
    const secs = step.step.timeout_secs;
    if (state.child) {
      this.deadlines.delete(index);
      return cancelChild(unit, { code: 'TIMED_OUT', message: `The run took longer than ${secs} s (timeout_secs)` });
    }
    if (this.blocked.has(index)) return fail(this, unit, queueTimedOut(step.step.queue_timeout_secs, state.error));
    const wasWaiting = this.waiting.has(index);
    const until = this.deadlines.get(index) ?? this.now;
    leave(this, unit);
    if (!wasWaiting) return finish(this, unit, 'done', { until: new Date(until).toISOString() });
    fail(this, unit, { code: 'TIMED_OUT', message: `No answer came within ${secs} s (timeout_secs): ${state.message ?? ''}` });
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

  /** What observers were told last of the run as a whole. */
  get shown(): [status: RunStatus, missing: string] {
    return [this.#shownStatus, this.#shownMissing];
  }

  set shown([status, missing]: [status: RunStatus, missing: string]) {
    this.#shownStatus = status;
    this.#shownMissing = missing;
  }

  /** Whether a timer continues something. The time-out of a child or of a blocked step does not. */
  get #isDelayed(): boolean {
    for (const index of this.deadlines.keys()) if (!this.blocked.has(index) && !this.unit(index)?.state.child) return true;
    return false;
  }

  #hasChild(status: 'paused' | 'blocked'): boolean {
    for (const { state } of this.children.values()) if (state.child?.status === status) return true;
    return false;
  }

  #sequentialMayStart(): boolean {
    const runs = this.running.size + this.slots.size + this.gate.checking + this.short.size + this.runningChildren.size;
    if (runs > 0 || this.heldBy > 0 || this.dueFans.size > 0) return false;
    for (const { unit, status } of this.fans.values()) if (isSequential(unit) && status !== 'blocked') return false;
    for (const unit of this.children.values()) if (isSequential(unit) && unit.state.child?.status !== 'blocked') return false;
    return true;
  }

  #applyEntryPoint(): void {
    const { entryPoint, indexOf } = this.plan;
    if (!entryPoint) return;
    for (const [id, value] of Object.entries(entryPoint.preset_results ?? {})) this.scope.steps[id] = value;
    if (this.options.seed) return;
    const reached = reachable(this.plan, indexOf.get(entryPoint.starts_at) ?? -1);
    for (const unit of this.units) {
      if (reached[unit.index]) continue;
      record(this, unit, 'skipped', this.scope.steps[unit.step.id]);
      this.ready.settle(unit.index, false);
    }
  }

  /** Steps whose results come from an earlier run are settled without having started. */
  #applySeed(): void {
    for (const [id, { status, result, label }] of Object.entries(this.options.seed ?? {})) {
      const unit = this.step(id);
      if (unit === undefined || this.ready.isSettled(unit.index)) continue;
      unit.state.kept = true;
      if (label !== undefined) unit.state.label = label;
      record(this, unit, status, result);
      this.ready.settle(unit.index, false);
    }
    this.unsaved.clear();
  }

  #startOf(unit: Unit): Start | Failure {
    const { index, state, step } = unit;
    const kind = state.kind as StepKind;
    const lookup = this.usedBy(unit);
    if (kind.type === 'workflow') {
      const child = childRequest(kind, unit, { parent: this.plan.definition.id, run: this.#childRunId(unit) }, lookup);
      return 'code' in child ? child : { index, child };
    }
    const placement = this.gate.place(index);
    const plain = kinds[kind.type];
    const skill = placement.at === 'skill' ? placement.skill : plain.runs === 'activity' ? plain.skill : '';
    const { fan, element } = unit;
    const context = (): JsonObject => this.context();
    const shared = fan && this.options.sharesValues ? (fan.shared ??= sharedOf(step.step, lookup)) : undefined;
    const task = buildTask(this.plan.definition.id, step.step, kind, { lookup, aliases: fan?.aliases ?? [], context, rerun: state.reruns, shared });
    if (element !== undefined) Object.assign(task, { step_id: step.id, index: element });
    const apart = shared && sharedArgument(shared, kind, step.step, context);
    return { index, skill, task, ...(apart ? { shared: apart } : {}) };
  }

  #childRunId({ step, element, state }: Unit): string {
    const name = `${step.id}${element === undefined ? '' : `[${element}]`}${state.reruns > 0 ? `#${state.reruns}` : ''}`;
    return this.options.childRunId?.(name) ?? name;
  }

  #started(unit: Unit, start: Start): void {
    const { state, index, step } = unit;
    if (start.child === undefined) {
      markStarted(this, unit);
      this.running.add(index);
      return;
    }
    const { run_id } = start.child;
    markStarted(this, unit, { child_run_id: run_id });
    state.child = { run_id, status: 'running' };
    this.children.set(run_id, unit);
    this.runningChildren.add(unit);
    const secs = step.step.timeout_secs;
    if (secs != null) this.deadlines.set(index, this.now + secs * 1000);
  }

  /** The activity of the unit is in flight no more. */
  #ended(index: number): Unit {
    this.running.delete(index);
    const unit = this.unit(index) as Unit;
    // A worker had it.
    delete unit.state.lackedWorker;
    return unit;
  }

  #placeAgain({ index, state }: Unit): void {
    state.status = 'pending';
    this.gate.queueCheck(index);
  }

  /** Tells of fan-outs that have come further, and when the run as a whole pauses or blocks. */
  #observe(): void {
    for (const fan of this.fans.values()) {
      const { percent } = fan;
      if (percent === fan.shown) continue;
      fan.shown = percent;
      this.tell(fan.unit, 'step_progress', { total: fan.total, done: fan.done, failed: fan.failed });
    }
    const { status } = this;
    const missing = status === 'blocked' ? this.missing() : [];
    const shownMissing = missing.join(' ');
    if (status === this.#shownStatus && shownMissing === this.#shownMissing) return;
    if (status === 'blocked') this.log.add(this.now, 'run_blocked', -1, { missing });
    if (status === 'paused' && this.#shownStatus !== 'paused') this.#tellPaused();
    this.#shownStatus = status;
    this.#shownMissing = shownMissing;
  }

  #tellPaused(): void {
    const [first] = this.waiting;
    const unit = first === undefined ? undefined : this.unit(first);
    if (unit) return this.tell(unit, 'workflow_paused', { message: unit.state.message ?? '' });
    for (const child of this.children.values()) {
      const { status, run_id } = child.state.child ?? {};
      if (status === 'paused') return this.tell(child, 'workflow_paused', { message: `Run '${run_id}' is paused` });
    }
  }
}

/** No worker had what the step needs, or took it, in time. */
export function queueTimedOut(secs: number | null | undefined, why?: string): Failure {
  const told = why === undefined ? '' : `: ${why}`;
  return { code: 'QUEUE_TIMED_OUT', message: `No worker took the step within ${secs} s (queue_timeout_secs)${told}` };
}

function inputTooLarge(bytes: number, limit: number): Failure {
  return {
    code: 'INPUT_TOO_LARGE',
    message: `The input of the step is ${bytes} bytes; ${limit} fit. Give the step an input mapping that picks what it needs.`,
  };
}
