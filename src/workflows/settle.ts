import type { JsonValue } from '../definition/json.js';
import { cut } from '../definition/text.js';
import { kinds } from '../kinds/index.js';
import { contextPart } from '../definition/context-part.js';
import type { FanOut } from './fan-out.js';
import type { PlanStep } from './plan.js';
import type { RunState } from './run-state.js';
import type { Failure } from './state.js';
import { isSequential, type Unit } from './unit.js';

/** The log, the snapshot and the end of the run all repeat it. */
const LONGEST_ERROR = 10_000;

/** A step or an element is done or skipped. */
export function finish(run: RunState, unit: Unit, status: 'done' | 'skipped', result: JsonValue | undefined): void {
  const { fan, state } = unit;
  if (fan === undefined) {
    record(run, unit, status, result);
    release(run, run.ready.settle(unit.index, false));
    return;
  }
  fan.results[unit.element as number] = result ?? null;
  fan.done += 1;
  fan.masked += state.masked ?? 0;
  close(run, fan, unit);
}

/** Notes how a step ended, without releasing those behind it. */
export function record(run: RunState, unit: Unit, status: 'done' | 'skipped', result: JsonValue | undefined): void {
  const { index, step, state } = unit;
  state.status = status;
  state.completedAt = run.now;
  if (result !== undefined) {
    state.result = result;
    run.scope.steps[step.id] = result;
  }
  run.counts[status] += 1;
  if (status === 'done') {
    run.finished.push(index);
    if (run.plan.definition.checkpoint?.type === 'external') run.unsaved.push(index);
    const plain = kinds[(state.kind ?? step.step.kind).type];
    if (plain.runs === 'activity' && 'contextKey' in plain && result !== undefined) {
      const whole = !run.patched('last-response-is-the-body');
      run.scope.context[plain.contextKey] = whole ? result : contextPart(result, plain.contextPart);
      run.contextFrom.set(plain.contextKey, step.id);
    }
  }
  run.tell(unit, status === 'done' ? 'step_completed' : 'step_skipped');
}

/** A step or an element has failed for good. */
export function fail(run: RunState, unit: Unit, given: Failure): void {
  const failure = { ...given, message: cut(given.message, LONGEST_ERROR) };
  const { state, step, fan, index } = unit;
  leave(run, unit);
  state.status = 'failed';
  state.error = failure.message;
  state.errorCode = failure.code;
  state.attempts = failure.attempts ?? state.attempts;
  state.startedAt ??= run.now;
  state.completedAt = run.now;
  delete state.missing;
  delete state.missingReasons;
  if (fan !== undefined) return failElement(run, fan, unit, failure);
  run.counts.failed += 1;
  run.finished.push(index);
  const ends = step.step.on_error !== 'continue' && !run.winding;
  const held = ends && holds(run);
  const { code, message } = failure;
  run.tell(unit, 'step_failed', { error: message, error_code: code, ...(held ? { held } : {}) });
  run.scope.steps[step.id] = { error: message, error_code: code };
  if (held) holdFor(run, unit);
  else if (ends) giveUp(run, unit);
  else release(run, run.ready.settle(index, true));
}

function failElement(run: RunState, fan: FanOut, unit: Unit, { code, message }: Failure): void {
  const index = unit.element as number;
  fan.noteFailure({ index, error: message, error_code: code });
  // What a cancel has cut off has not failed by itself: the step is not done.
  const ends = !fan.toleratesFailure || (fan.stopped !== undefined && code === 'RUN_CANCELED');
  const held = ends && unit.step.step.on_error !== 'continue' && !run.winding && holds(run);
  if (held || fan.failures.at(-1)?.index === index) {
    run.tell(unit, 'step_item_failed', { error: message, error_code: code, ...(held ? { held } : {}) });
  }
  if (held) {
    fan.held.add(unit);
    holdFor(run, unit);
  } else if (ends) {
    stop(run, fan, elementFailure(unit));
  } else {
    fan.results[index] = { error: message, error_code: code };
    close(run, fan, unit);
  }
}

/** What the failure of an element is to its step. */
export function elementFailure({ fan, element, state }: Unit): Failure {
  const message = `Element ${element} of ${fan?.items.length} failed: ${state.error ?? ''}`;
  return { code: state.errorCode ?? 'INTERNAL', message };
}

function holds(run: RunState): boolean {
  return run.plan.definition.on_failure === 'hold';
}

function holdFor(run: RunState, unit: Unit): void {
  run.held.add(unit.index);
  run.pauseFor('failure');
}

/** The failure of a step becomes that of the run: only steps that run on failure or always still start. */
function giveUp(run: RunState, { index, state }: Unit): void {
  run.failure ??= { code: state.errorCode ?? 'INTERNAL', message: state.error ?? '', step: index };
  release(run, run.ready.settle(index, true));
  windDown(run, (step) => step.runOn !== 'success');
}

/** An element is settled. */
function close(run: RunState, fan: FanOut, unit: Unit): void {
  drop(run, fan, unit);
  if (fan.isOver) conclude(run, fan);
  else run.dueFans.add(fan);
}

function drop(run: RunState, fan: FanOut, unit: Unit): void {
  fan.attempts += unit.state.attempts;
  fan.settledReruns = Math.max(fan.settledReruns, unit.state.reruns);
  leave(run, unit);
  run.held.delete(unit.index);
  fan.held.delete(unit);
  fan.open.delete(unit.element as number);
  run.elements.delete(unit.index);
}

/**
 * Nothing more of a fan-out starts; what runs of it finishes, and its children are canceled. It then ends with the
 * failure, or as unreached.
 */
export function stop(run: RunState, fan: FanOut, failure?: Failure): void {
  // An element that fails, or is canceled, while its fan-out is stopped fails it too: it must not count as done.
  if (fan.stopped?.failure === undefined) fan.stopped = failure === undefined ? {} : { failure };
  for (const unit of [...fan.open.values()]) {
    if (unit.state.child !== undefined && run.isInFlight(unit)) cancelChild(unit);
    else if (!run.isInFlight(unit)) drop(run, fan, unit);
  }
  if (fan.isOver) conclude(run, fan);
}

function conclude(run: RunState, fan: FanOut): void {
  const { unit, stopped } = fan;
  if (!run.fans.delete(unit.index)) return;
  run.dueFans.delete(fan);
  const { state } = unit;
  state.elements = fan.summary();
  state.attempts = fan.attempts;
  state.reruns = fan.reruns;
  if (fan.masked > 0) state.masked = fan.masked;
  if (stopped?.failure) return fail(run, unit, stopped.failure);
  if (fan.done + (fan.toleratesFailure ? fan.failed : 0) === fan.items.length) return finish(run, unit, 'done', fan.results);
  state.status = 'pending';
  release(run, run.ready.reachNoMore(unit.index));
}

/** Asks for a child to be canceled; it is open until it has ended. */
export function cancelChild({ state }: Unit, why: Failure = { code: 'RUN_CANCELED', message: 'The run was canceled' }): void {
  if (state.child) state.child.ending ??= why;
}

/** Settles every step as unreached that neither runs nor may still run; those that may keep their place. */
export function windDown(run: RunState, keeps: (step: PlanStep) => boolean): void {
  run.ready.clear();
  run.slots.clear();
  run.gate.clear();
  const open: PlanStep[] = [];
  for (const unit of run.units) {
    const { index, step, state } = unit;
    if (run.ready.isSettled(index)) continue;
    const fan = run.fans.get(index);
    if (keeps(step)) {
      if (fan) beginAgain(run, fan);
      else if (run.ready.isOpen(step) && !run.waiting.has(index) && (!run.deadlines.has(index) || run.blocked.has(index)) && !run.isInFlight(unit)) open.push(step);
    } else if (fan) {
      stop(run, fan);
    } else if (state.child && run.isInFlight(unit)) {
      cancelChild(unit);
    } else if (!run.running.has(index)) {
      leave(run, unit);
      state.status = 'pending';
      open.push(...run.ready.reachNoMore(index));
    }
  }
  release(run, open);
}

/** Elements that stood in line for a slot or a check do so anew. */
function beginAgain(run: RunState, fan: FanOut): void {
  for (const unit of fan.open.values()) {
    if (unit.state.status === 'pending') fan.again.push(unit);
  }
  run.dueFans.add(fan);
}

/** Steps whose dependencies are settled: they get in line, or are skipped by their `run_on`. */
export function release(run: RunState, steps: readonly PlanStep[]): void {
  const due = [...steps];
  for (let step = due.shift(); step !== undefined; step = due.shift()) {
    if (run.ready.isSettled(step.index)) continue;
    if (run.ready.turnOf(step) === 'ready') {
      run.ready.push(step);
    } else {
      record(run, run.units[step.index] as Unit, 'skipped', undefined);
      due.push(...run.ready.settle(step.index, false));
    }
  }
}

/** It waits, is delayed or is blocked no more. */
export function leave(run: RunState, unit: Unit): void {
  const { index, state, fan } = unit;
  const isChild = state.child !== undefined;
  const held = run.waiting.delete(index) || (run.deadlines.has(index) && state.status === 'running' && !isChild);
  if (held && isSequential(unit)) run.heldBy -= 1;
  run.deadlines.delete(index);
  run.short.delete(index);
  fan?.waiting.delete(unit);
  fan?.blocked.delete(unit);
  if (run.blocked.delete(index)) {
    delete state.missing;
    delete state.missingReasons;
    delete state.error;
  }
}
