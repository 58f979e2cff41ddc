import { dictionary, type JsonObject, type JsonValue } from '../definition/json.js';
import { resolve } from '../definition/references.js';
import type { RunStatus, RunWarning, StepStatus } from '../definition/snapshot.js';
import { SHORT_DELAY_SECS } from './begin.js';
import { FanOut } from './fan-out.js';
import type { Entry } from './log.js';
import type { RunMachine } from './machine.js';
import type { Known } from './needs.js';
import type { Paused } from './run-state.js';
import { release } from './settle.js';
import type { ElementFailure, Failure, StepState } from './state.js';
import { isSequential, type Unit } from './unit.js';

/** Entries of the log that a new execution of the run gets. */
const CARRIED_EVENTS = 2_000;

/** A state as it crosses from one execution of a run to the next; its result is with it, `rejected` is a list. */
export type CarriedState = Partial<Omit<StepState, 'rejected'>> & { status: StepStatus; rejected?: [string, string][] };

/** A fan-out that is under way. Results of elements that are open, or have not begun, are null. */
export interface CarriedFan {
  step: number;
  next: number;
  results: JsonValue[];
  open: { element: number; state: CarriedState; deadline?: number; held?: true }[];
  failures: ElementFailure[];
  failed: number;
  attempts: number;
  masked: number;
  /** How often the step, or an element of it, was run again, at most. */
  reruns?: number;
  /** The list, when the run cannot find it again by its reference. */
  items?: JsonValue[];
}

/** What a run takes along when it continues as new: everything that its definition and input do not tell. JSON. */
export interface Carried {
  /** States of the steps that are not simply pending, by index. */
  steps: [index: number, state: CarriedState][];
  fans?: CarriedFan[];
  /** Values of `{steps.x}` that are no step's result: presets, and what the document's context brought. */
  others: JsonObject;
  /** The flat top level of the context. */
  context: JsonObject;
  context_from: [key: string, stepId: string][];
  log: { last_seq: number; entries: Entry[] };
  warnings: RunWarning[];
  finished: number[];
  unreached: number[];
  /** Steps whose external checkpoints are still to be made. */
  unsaved?: number[];
  held: number[];
  deadlines: [index: number, at: number][];
  /** So that a step whose turn has come after a check of its own need not be checked again and again. */
  known: Known;
  started_at: number;
  shown: [status: RunStatus, missing: string];
  failure?: Failure & { step?: number };
  paused?: Paused;
  /** Ids of the updates that the run has taken. */
  updates?: string[];
}

/** What a new execution of the run needs to go on from here; only while nothing is in flight. */
export function carry(run: RunMachine): Carried {
  const { scope, log, failure, paused } = run;
  const others = dictionary<JsonValue>();
  for (const [id, value] of Object.entries(scope.steps)) {
    const state = run.step(id)?.state;
    if (state?.result !== value && state?.status !== 'failed') others[id] = value;
  }
  const isStep = (index: number): boolean => index < run.units.length;
  const fans = [...run.fans.values()].map((fan) => packFan(run, fan));
  return {
    steps: run.units.flatMap((unit): Carried['steps'] => {
      const packed = packState(unit);
      return packed ? [[unit.index, packed]] : [];
    }),
    ...(fans.length > 0 ? { fans } : {}),
    others,
    context: scope.context,
    context_from: [...run.contextFrom],
    log: { last_seq: log.lastSeq, entries: [...log.newest(CARRIED_EVENTS)] },
    warnings: run.warnings,
    finished: run.finished,
    unreached: run.ready.unreached,
    ...(run.unsaved.size > 0 ? { unsaved: [...run.unsaved] } : {}),
    held: [...run.held].filter(isStep),
    deadlines: [...run.deadlines].filter(([index]) => isStep(index)),
    known: run.gate.known(),
    started_at: run.startedAt,
    shown: run.shown,
    ...(failure ? { failure } : {}),
    ...(paused ? { paused } : {}),
    ...(run.taken.ids.length > 0 ? { updates: run.taken.ids } : {}),
  };
}

const DEFAULTS: Partial<StepState> = { attempts: 0, rejections: 0, reruns: 0 };

/** A state without what is the default or as its step is written; undefined when nothing is left but `pending`. */
function packState({ state, step, fan }: Unit): CarriedState | undefined {
  const { rejected, ...rest } = state;
  const packed: CarriedState = { status: state.status };
  for (const [key, value] of Object.entries(rest)) {
    if (value !== DEFAULTS[key as keyof StepState]) Object.assign(packed, { [key]: value as JsonValue });
  }
  // A pending step that has chosen what it does must not choose again; an element chooses the same.
  if (packed.kind === step.step.kind && (fan !== undefined || state.status !== 'pending')) delete packed.kind;
  if (rejected) packed.rejected = [...rejected];
  return state.status === 'pending' && Object.keys(packed).length === 1 ? undefined : packed;
}

function packFan(run: RunMachine, fan: FanOut): CarriedFan {
  const { unit, next, results, failures, failed, attempts, masked, items } = fan;
  return {
    step: unit.index,
    next,
    results: Array.from({ length: next }, (_, element) => results[element] ?? null),
    open: [...fan.open].map(([element, open]) => {
      const deadline = run.deadlines.get(open.index);
      return {
        element,
        state: packState(open) ?? { status: 'pending' },
        ...(deadline === undefined ? {} : { deadline }),
        ...(fan.held.has(open) ? { held: true } : {}),
      };
    }),
    failures,
    failed,
    attempts,
    masked,
    ...(fan.reruns > 0 ? { reruns: fan.reruns } : {}),
    ...(isLasting(unit.step.step.for_each?.items) ? {} : { items: [...items] }),
  };
}

/** Whether a reference finds the same list for as long as the run lasts: inputs and results of steps do not change. */
function isLasting(items: JsonValue | undefined): boolean {
  return typeof items === 'string' && /^\s*\{(input|steps)\./.test(items);
}

/** Takes the place of `start` in an execution that goes on from another one. */
export function restore(run: RunMachine, carried: Carried): void {
  run.startedAt = carried.started_at;
  run.log.restore(carried.log.last_seq, carried.log.entries);
  run.warnings.push(...carried.warnings);
  run.finished.push(...carried.finished);
  run.failure = carried.failure;
  run.paused = carried.paused;
  for (const id of carried.updates ?? []) run.taken.add(id);
  for (const index of carried.held) run.held.add(index);
  for (const index of carried.unsaved ?? []) run.unsaved.push(index);
  for (const [index, at] of carried.deadlines) run.deadlines.set(index, at);
  for (const [key, id] of carried.context_from) run.contextFrom.set(key, id);
  run.gate.recall(carried.known);
  Object.assign(run.scope.context, carried.context);
  Object.assign(run.scope.steps, carried.others);
  run.shown = carried.shown;
  for (const [index, packed] of carried.steps) restoreStep(run, run.units[index], packed);
  for (const fan of carried.fans ?? []) restoreFan(run, fan);
  for (const index of carried.unreached) run.ready.reachNoMore(index);
  release(run, [...run.ready.first()].filter(({ index }) => !run.isUnderWay(index)));
}

function restoreStep(run: RunMachine, unit: Unit | undefined, packed: CarriedState): void {
  if (!unit) return;
  unpackInto(unit, packed);
  const { state, step, index } = unit;
  switch (state.status) {
    case 'done':
    case 'skipped':
      if (state.result !== undefined) run.scope.steps[step.id] = state.result;
      run.counts[state.status] += 1;
      run.ready.settle(index, false);
      return;
    case 'failed':
      run.scope.steps[step.id] = { error: state.error ?? '', error_code: state.errorCode ?? '' };
      run.counts.failed += 1;
      if (!run.held.has(index)) run.ready.settle(index, true);
      return;
    default:
      resume(run, unit);
  }
}

/** A unit that waits, is delayed or blocked, or whose child is open. */
function resume(run: RunMachine, unit: Unit): void {
  const { state, index, fan } = unit;
  if (state.status === 'blocked') {
    run.blocked.add(index);
    fan?.blocked.add(unit);
  } else if (state.status === 'waiting_for_input') {
    run.waiting.add(index);
    fan?.waiting.add(unit);
    if (isSequential(unit)) run.heldBy += 1;
  } else if (state.child !== undefined && state.status === 'running') {
    run.children.set(state.child.run_id, unit);
    if (state.child.status === 'running') run.runningChildren.add(unit);
  } else if (state.status === 'running' && run.deadlines.has(index)) {
    if (isSequential(unit)) run.heldBy += 1;
    if ((run.deadlines.get(index) ?? 0) - run.now <= SHORT_DELAY_SECS * 1000) run.short.add(index);
  } else if (fan && state.status === 'pending') {
    fan.again.push(unit);
  }
}

/** Fills a state in place: others hold it. */
function unpackInto({ state, step, fan }: Unit, { rejected, ...packed }: CarriedState): void {
  Object.assign(state, packed, rejected ? { rejected: new Map(rejected) } : {});
  // What had begun had chosen what it does; it was as written unless it was carried.
  if (state.status !== 'pending' && (fan !== undefined || !step.step.for_each)) state.kind ??= step.step.kind;
}

function restoreFan(run: RunMachine, carried: CarriedFan): void {
  const unit = run.units[carried.step];
  const settings = unit?.step.step.for_each;
  if (!unit || !settings) return;
  const items = carried.items ?? resolve(settings.items, unit.lookup);
  const fan = new FanOut(unit, Array.isArray(items) ? items : [], settings, run.concurrency);
  const { next, results, open, failures, failed, attempts, masked, reruns = 0 } = carried;
  Object.assign(fan, { next, failed, attempts, masked, settledReruns: reruns });
  for (const result of results) fan.results.push(result);
  fan.failures.push(...failures);
  run.fans.set(unit.index, fan);
  run.dueFans.add(fan);
  let held = 0;
  for (const { element, state, deadline, ...rest } of open) {
    const one = run.openElement(fan, element);
    unpackInto(one, state);
    if (deadline !== undefined) run.deadlines.set(one.index, deadline);
    if (rest.held) {
      held += 1;
      fan.held.add(one);
      run.held.add(one.index);
    } else resume(run, one);
  }
  fan.done = next - open.length - (failed - held);
  fan.shown = fan.percent;
}
