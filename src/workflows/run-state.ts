import { dictionary, type JsonObject, type JsonValue } from '../definition/json.js';
import type { Migrate } from '../definition/messages.js';
import { NAMESPACES, scopeLookup, type Lookup } from '../definition/references.js';
import type { RunWarning } from '../definition/snapshot.js';
import { cut } from '../definition/text.js';
import type { FanOut } from './fan-out.js';
import { Gate } from './gate.js';
import { EventLog } from './log.js';
import { concurrencyOf, type Plan } from './plan.js';
import { Fifo } from './queues.js';
import { Readiness } from './readiness.js';
import { initialScope, noticing, type MachineOptions, type RunScope } from './scope.js';
import { pendingState, type Failure, type StepState } from './state.js';
import { TakenUpdates } from './taken-updates.js';
import type { Unit } from './unit.js';

const LONGEST_WARNING = 1_000;
const MOST_WARNINGS = 200;
const MOST_MESSAGE_WARNINGS = 20;
/** Of one code by one step. */
const MOST_STEP_WARNINGS = 10;

/** Who lets nothing new start: its user, a step that failed in a run that holds, or the run of which it is the child. */
export interface Paused {
  by: 'user' | 'failure' | 'parent';
  at: number;
}

/** All that a run knows of itself. Sets hold indexes of units: steps, and elements of fan-outs. */
export class RunState {
  /** Milliseconds since the epoch; set before each call that changes something. */
  now = 0;
  readonly units: readonly Unit[];
  /** The states of the steps. */
  readonly steps: readonly StepState[];
  /** Elements of fan-outs that have begun and are not settled. */
  readonly elements = new Map<number, Unit>();
  /** Fan-outs that are under way, by their step. */
  readonly fans = new Map<number, FanOut>();
  /** Fan-outs that may have room for further elements. */
  readonly dueFans = new Set<FanOut>();
  /** Open children, by run id. */
  readonly children = new Map<string, Unit>();
  /** Children that count as running. */
  readonly runningChildren = new Set<Unit>();
  /** Run ids of children that nobody waits for any more and that are still to be canceled. */
  readonly abandoned: string[] = [];
  readonly scope: RunScope;
  readonly log = new EventLog();
  readonly warnings: RunWarning[] = [];
  readonly counts = { done: 0, failed: 0, skipped: 0 };
  /** Activities in flight. */
  readonly running = new Set<number>();
  readonly waiting = new Set<number>();
  readonly blocked = new Set<number>();
  /** When waits, delays and children end by themselves: milliseconds since the epoch. */
  readonly deadlines = new Map<number, number>();
  /** Delays so short that they count as running. */
  readonly short = new Set<number>();
  /** Failed ones of a run that holds: they wait to be retried, skipped or given up. */
  readonly held = new Set<number>();
  /** Sequential steps that wait or are delayed. */
  heldBy = 0;
  /** Units whose turn has come and that wait for one of the run's slots. */
  readonly slots = new Fifo();
  /** Why nothing new starts: each cause once, the one that observers see first. */
  readonly pauses: Paused[] = [];
  /** Indexes of finished steps, the latest last. */
  readonly finished: number[] = [];
  /** Steps that are done, in a run with external checkpoints, and have not been saved yet. */
  readonly unsaved = new Fifo();
  /** Top-level keys of the context that hold a step's result, with that step's id. */
  readonly contextFrom = new Map<string, string>();
  /** The definition that the run is to go on by: nothing starts until it does. */
  migration: Migrate | undefined;
  readonly taken = new TakenUpdates();
  /** Starts nothing, so that the run comes to a moment with nothing in flight. */
  draining = false;
  failure: (Failure & { step?: number }) | undefined;
  canceled = false;
  readonly gate: Gate;
  readonly ready: Readiness;
  readonly concurrency: number;
  startedAt = 0;
  completedAt: number | undefined;
  #nextElement: number;

  constructor(
    readonly plan: Plan,
    readonly options: MachineOptions,
  ) {
    this.scope = initialScope(plan, options);
    const lookup = scopeLookup(this.scope);
    this.units = plan.steps.map((step, index) => ({ index, step, state: pendingState(), lookup }));
    this.steps = this.units.map((unit) => unit.state);
    this.#nextElement = this.units.length;
    this.ready = new Readiness(plan);
    this.concurrency = concurrencyOf(plan.definition);
    this.gate = new Gate(plan, (index) => this.unit(index));
  }

  /** Whether a change of what the interpreter does counts for this run (decision 2). */
  patched(change: string): boolean {
    return this.options.patched?.(change) ?? true;
  }

  /** A step, or an element that is not settled. */
  unit(index: number): Unit | undefined {
    return this.units[index] ?? this.elements.get(index);
  }

  step(stepId: string): Unit | undefined {
    return this.units[this.plan.indexOf.get(stepId) ?? -1];
  }

  /** A step, or with an `element` that of its fan-out, when it has begun and is not settled. */
  named(stepId: string, element: number | undefined): Unit | undefined {
    const unit = this.step(stepId);
    return element === undefined || unit === undefined ? unit : this.fans.get(unit.index)?.open.get(element);
  }

  /** An element of a fan-out begins, or comes from another execution. */
  openElement(fan: FanOut, element: number): Unit {
    const lookup = this.#lookupIn(fan, element);
    const state = pendingState();
    // Elements of runs that got here before 0.2.0 ran again under the names that they had before.
    if (fan.unit.state.reruns > 0 && this.patched('element-reruns')) state.reruns = fan.unit.state.reruns;
    const unit: Unit = { index: this.#nextElement, step: fan.unit.step, state, lookup, fan, element };
    this.#nextElement += 1;
    this.elements.set(unit.index, unit);
    fan.open.set(element, unit);
    return unit;
  }

  /** Whether the run is over but for steps that run on failure or always. */
  get winding(): boolean {
    return this.failure !== undefined || this.canceled;
  }

  get paused(): Paused | undefined {
    return this.pauses[0];
  }

  /** Nothing new starts until this cause has ended, and every other. */
  pauseFor(by: Paused['by']): void {
    if (this.pauses.some((pause) => pause.by === by)) return;
    // Runs that got here before 0.2.0 knew one pause at a time, and held for what had failed after it.
    if (by !== 'failure' && this.paused && !this.patched('pauses-add-up')) return;
    this.pauses.push({ by, at: this.now });
    if (this.pauses.length === 1) this.log.add(this.now, 'run_paused', -1, { by });
  }

  endPause(by: Paused['by']): void {
    const at = this.pauses.findIndex((pause) => pause.by === by);
    if (at < 0) return;
    this.pauses.splice(at, 1);
    if (at > 0) return;
    if (this.paused) this.log.add(this.now, 'run_paused', -1, { by: this.paused.by });
    else this.log.add(this.now, 'run_resumed', -1);
  }

  isSettled(index: number): boolean {
    return index < this.units.length ? this.ready.isSettled(index) : !this.elements.has(index);
  }

  /** Whether an activity or a child of it is open. */
  isInFlight({ index, state }: Unit): boolean {
    return this.running.has(index) || (state.child !== undefined && this.children.has(state.child.run_id));
  }

  /** Whether a step has begun and waits for something but a slot. */
  isUnderWay(index: number): boolean {
    const unit = this.units[index] as Unit;
    return (
      this.waiting.has(index) ||
      this.blocked.has(index) ||
      this.deadlines.has(index) ||
      this.held.has(index) ||
      this.fans.has(index) ||
      this.isInFlight(unit)
    );
  }

  /** The references of a unit; of a variable that is not there and that no connection can bring they warn. */
  seenBy({ step: { requires, id }, lookup }: Unit): Lookup {
    return requires.length > 0 ? lookup : noticing(lookup, ['env'], (_, name) => this.#variableMissing(id, name));
  }

  /** As {@link seenBy}, of what a unit works with: whatever has no value would go out as the text of its reference. */
  usedBy(unit: Unit): Lookup {
    const { id } = unit.step;
    const named = NAMESPACES.filter((namespace) => namespace !== 'env').concat(unit.fan?.aliases ?? []);
    return noticing(this.seenBy(unit), named, (namespace, path) => {
      const message = `{${namespace}.${path}} has no value; it stays as written`;
      this.warnOfStep(id, [{ code: 'MISSING_VALUE', message: cut(message, LONGEST_WARNING) }]);
    });
  }

  /** The run's whole context, as steps without a mapping see it. */
  context(): JsonObject {
    const { context, input, env, steps } = this.scope;
    const whole = Object.assign(dictionary<JsonValue>(), context, { input, steps });
    if (Object.keys(env).length > 0) whole['env'] = env;
    return whole;
  }

  warn(warning: RunWarning): void {
    if (this.warnings.length >= MOST_WARNINGS) return;
    const last = this.warnings.length === MOST_WARNINGS - 1;
    const message = last ? 'There are more warnings than are kept; this is the last one' : cut(warning.message, LONGEST_WARNING);
    const kept = { ...warning, message };
    this.warnings.push(kept);
    this.log.add(this.now, 'run_warning', -1, kept);
  }

  /** A step warns. Elements of a fan-out, which all warn alike, leave room for other warnings. */
  warnOfStep(stepId: string, warnings: readonly RunWarning[]): void {
    for (const { code, message } of warnings) {
      const told = this.warnings.filter((warning) => warning.step_id === stepId && warning.code === code);
      if (told.length >= MOST_STEP_WARNINGS || told.some((warning) => warning.message === message)) continue;
      this.warn({ code, message, step_id: stepId });
    }
  }

  /** A message was dropped. Whoever sends many of them leaves room for other warnings. */
  warnOfMessage(message: string): void {
    const told = this.warnings.filter(({ code }) => code === 'BAD_MESSAGE');
    if (told.length >= MOST_MESSAGE_WARNINGS || told.some((warning) => warning.message === message)) return;
    const last = told.length === MOST_MESSAGE_WARNINGS - 1;
    this.warn({ code: 'BAD_MESSAGE', message: last ? 'More messages were dropped; the log of the worker has them' : cut(message, LONGEST_WARNING) });
  }

  /** Tells observers of something that a unit does; of an element under its step, with its position. */
  tell({ step, element }: Unit, event: Parameters<EventLog['add']>[1], fields?: object): void {
    this.log.add(this.now, event, step.index, element === undefined ? fields : { index: element, ...fields });
  }

  #lookupIn(fan: FanOut, element: number): Lookup {
    const value = fan.items[element] ?? null;
    const [name, position] = fan.aliases;
    return scopeLookup({
      ...this.scope,
      item: { value, index: element },
      ...(name === undefined || position === undefined ? {} : { aliases: { [name]: value, [position]: element } }),
    });
  }

  #variableMissing(stepId: string, name: string): void {
    const message = `The run has no variable for {env.${name}}; it stays as written`;
    if (this.warnings.some((warning) => warning.step_id === stepId && warning.message === message)) return;
    this.warn({ code: 'MISSING_VARIABLE', message, step_id: stepId });
  }
}
