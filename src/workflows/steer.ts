import type { JsonValue } from '../definition/json.js';
import { resetState } from './begin.js';
import type { RunState } from './run-state.js';
import { elementFailure, fail, finish, leave, release, stop, windDown } from './settle.js';
import type { Failure } from './state.js';
import type { Unit } from './unit.js';

/** Nothing new starts until `resume`; what runs finishes. Idempotent. `by`: the user, or the run of which this is a child. */
export function pause(run: RunState, by: 'user' | 'parent' = 'user'): void {
  if (run.paused || run.winding) return;
  run.paused = { by, at: run.now };
  run.log.add(run.now, 'run_paused', -1, { by });
}

/**
 * Goes on; a run that holds for its failed steps gives them up, and winds down as failed. One that was paused before they
 * failed holds for them now. Idempotent; a parent only ends its own pause.
 */
export function resume(run: RunState, by: 'user' | 'parent' = 'user'): void {
  const { paused } = run;
  if (!paused || (by === 'parent' && paused.by !== 'parent')) return;
  if (paused.by !== 'failure' && run.held.size > 0) {
    run.paused = { by: 'failure', at: run.now };
    run.log.add(run.now, 'run_paused', -1, { by: 'failure' });
    return;
  }
  run.paused = undefined;
  run.log.add(run.now, 'run_resumed', -1);
  const [first] = run.held;
  const unit = first === undefined ? undefined : run.unit(first);
  if (!unit) return;
  const { state, step } = unit;
  run.failure ??= { code: state.errorCode ?? 'INTERNAL', message: unit.fan ? elementFailure(unit).message : (state.error ?? ''), step: step.index };
  settleHeld(run);
  windDown(run, (kept) => kept.runOn !== 'success');
}

/** What the run holds for has failed for good. */
function settleHeld(run: RunState): void {
  const held = [...run.held].flatMap((index) => run.unit(index) ?? []);
  run.held.clear();
  for (const unit of held) if (unit.fan) unit.fan.stopped ??= { failure: elementFailure(unit) };
  for (const { fan, index } of held) {
    if (fan) stop(run, fan);
    else release(run, run.ready.settle(index, true));
  }
}

/** Failed ones for which the run holds: the step, an element of it, or without an element all that failed. */
export function heldUnits(run: RunState, stepId: string, element?: number): Unit[] {
  const unit = run.named(stepId, element);
  if (unit === undefined) return [];
  if (run.held.has(unit.index)) return [unit];
  return [...(run.fans.get(unit.index)?.held ?? [])];
}

/** Runs again what failed and the run holds for. Its idempotency key changes: the user asked for it. */
export function retry(run: RunState, stepId: string, element?: number): void {
  for (const unit of heldUnits(run, stepId, element)) {
    unhold(run, unit);
    unit.state.reruns += 1;
    resetState(unit.state);
    run.tell(unit, 'step_retried');
    if (unit.fan === undefined) {
      run.ready.push(unit.step);
    } else {
      unit.fan.again.push(unit);
      run.dueFans.add(unit.fan);
    }
  }
}

/** Whether a step, or an element of it, can be skipped by its user: nothing of it runs, and it is not settled. */
export function isSkippable(run: RunState, stepId: string, element?: number): boolean {
  const unit = run.named(stepId, element);
  if (unit === undefined || run.isInFlight(unit)) return false;
  const fan = run.fans.get(unit.index);
  if (fan) return [...fan.open.values()].every((open) => !run.isInFlight(open));
  return run.held.has(unit.index) || !run.isSettled(unit.index);
}

/** Settles what has not run, waits, is blocked, or failed in a run that holds, with a result of its user's. */
export function skip(run: RunState, stepId: string, result: JsonValue | undefined, element?: number): void {
  const unit = run.named(stepId, element);
  if (unit === undefined || !isSkippable(run, stepId, element)) return;
  for (const held of heldUnits(run, stepId, element)) unhold(run, held);
  const fan = run.fans.get(unit.index);
  if (fan) {
    fan.dismiss();
    run.fans.delete(unit.index);
    run.dueFans.delete(fan);
    for (const open of fan.open.values()) {
      leave(run, open);
      run.elements.delete(open.index);
    }
    unit.state.elements = fan.summary();
    unit.state.reruns = fan.reruns;
  }
  leave(run, unit);
  finish(run, unit, 'skipped', result);
}

/** It is no more one for which the run holds; the run goes on when there is no other. */
function unhold(run: RunState, unit: Unit): void {
  const { index, fan, step } = unit;
  if (!run.held.delete(index)) return;
  if (fan) {
    fan.held.delete(unit);
    fan.forgetFailure(unit.element as number);
  } else {
    run.counts.failed -= 1;
    run.finished.splice(run.finished.lastIndexOf(index), 1);
    delete run.scope.steps[step.id];
  }
  if (run.held.size > 0 || run.paused?.by !== 'failure') return;
  run.paused = undefined;
  run.log.add(run.now, 'run_resumed', -1);
}

/** Steps that run always still run; all others that have not started are unreached. */
export function cancel(run: RunState): void {
  if (run.canceled) return;
  run.canceled = true;
  run.paused = undefined;
  settleHeld(run);
  windDown(run, (step) => step.runOn === 'always');
}

/** Ends the run: nothing new starts at all, and nobody waits for children any more. */
export function failRun(run: RunState, failure: Failure): void {
  run.failure ??= failure;
  run.paused = undefined;
  settleHeld(run);
  windDown(run, () => false);
  for (const [runId, unit] of [...run.children]) {
    run.children.delete(runId);
    run.runningChildren.delete(unit);
    fail(run, unit, { code: 'RUN_CANCELED', message: `Run '${runId}' was canceled and left to itself` });
  }
}
