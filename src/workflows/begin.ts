import { evaluate, parseExpression } from '../definition/expressions.js';
import { MOST_INLINE_BYTES } from '../definition/messages.js';
import { resolve, resolveText, type Lookup } from '../definition/references.js';
import { cut } from '../definition/text.js';
import type { ConfigOf, StepKind } from '../definition/types.js';
import { FanOut } from './fan-out.js';
import { runInline, type InlineKind } from './inline.js';
import { lacksWorker } from './needs.js';
import type { RunState } from './run-state.js';
import { fail, finish } from './settle.js';
import { jsonBytes } from './size.js';
import { LONGEST_LABEL, type Failure, type MissingReasons, type StepState } from './state.js';
import { isSequential, type Unit } from './unit.js';

/** A delay up to this long, in seconds, holds back sequential steps as a running step does. */
export const SHORT_DELAY_SECS = 60;
/** A text that references may blow up, and that the log, the snapshot and the end of the run all repeat. */
const LONGEST_MESSAGE = 64 * 1024;

/** The turn of a step or an element has come. */
export function begin(run: RunState, unit: Unit): void {
  guard(run, unit, () => {
    if (choose(run, unit)) place(run, unit, run.gate.fresh);
  });
}

/** Begins elements of the fan-outs that have room for them; false when there were none. */
export function refill(run: RunState): boolean {
  let begun = false;
  for (const fan of run.dueFans) {
    while (!run.paused && !run.draining && run.fans.has(fan.unit.index)) {
      const unit = nextElement(run, fan);
      if (!unit) break;
      begun = true;
      begin(run, unit);
    }
    if (run.paused || run.draining) return begun;
    run.dueFans.delete(fan);
  }
  return begun;
}

function nextElement(run: RunState, fan: FanOut): Unit | undefined {
  for (let unit = fan.again.shift(); unit !== undefined; unit = fan.again.shift()) {
    if (!run.isSettled(unit.index)) return unit;
  }
  if (!fan.hasRoom) return undefined;
  fan.next += 1;
  return run.openElement(fan, fan.next - 1);
}

/** Whatever the texts of a unit grow to, they fail it and not the interpreter. */
export function guard(run: RunState, unit: Unit, work: () => void): void {
  try {
    work();
  } catch (error) {
    fail(run, unit, tooLong(error));
  }
}

/** Is it skipped, does it fan out, and what does it do? False when that settles it for now. */
function choose(run: RunState, unit: Unit): boolean {
  const { state, step } = unit;
  if (state.kind !== undefined) return true;
  const lookup = run.seenBy(unit);
  if (unit.fan === undefined) {
    if (step.skipIf && evaluate(step.skipIf, lookup)) {
      finish(run, unit, 'skipped', undefined);
      return false;
    }
    state.label = cut(resolveText(step.step.label ?? step.id, lookup), LONGEST_LABEL);
    if (step.step.for_each) {
      fanOut(run, unit, lookup);
      return false;
    }
  }
  let kind: StepKind = step.step.kind;
  while (kind.type === 'condition') {
    const outcome = runInline(kind, lookup, aliasesIn(run, unit, kind));
    if (outcome.type === 'done') {
      markStarted(run, unit);
      finish(run, unit, 'done', outcome.result);
      return false;
    }
    if (outcome.type !== 'branch') break;
    kind = outcome.kind;
  }
  state.kind = kind;
  return true;
}

/** The names that an element has in the expression of its condition. */
function aliasesIn(run: RunState, { fan }: Unit, { expression }: ConfigOf<'condition'>): readonly string[] {
  const aliases = fan?.aliases ?? [];
  if (aliases.length === 0 || !aliases.includes(parseExpression(expression, aliases).namespace)) return [];
  // Runs that got here before 0.2.0 took such a name for one of the input.
  return run.patched('element-names-in-conditions') ? aliases : [];
}

function fanOut(run: RunState, unit: Unit, lookup: Lookup): void {
  const settings = unit.step.step.for_each;
  if (!settings) return;
  const items = resolve(settings.items, lookup);
  if (!Array.isArray(items)) {
    const found = items === settings.items ? 'has no value' : `is ${items === null ? 'null' : `of type ${typeof items}`}`;
    return fail(run, unit, { code: 'BAD_ITEMS', message: `for_each needs a list of items; ${JSON.stringify(settings.items).slice(0, 200)} ${found}` });
  }
  markStarted(run, unit);
  if (items.length === 0) {
    unit.state.elements = { total: 0, done: 0, failed: 0 };
    return finish(run, unit, 'done', []);
  }
  const fan = new FanOut(unit, items, settings, run.concurrency);
  run.fans.set(unit.index, fan);
  run.dueFans.add(fan);
}

/** Finds where a unit runs, and puts it there; `queueAgain`: it has lost its turn meanwhile. */
export function place(run: RunState, unit: Unit, fresh: boolean, queueAgain = false): void {
  const { index, state } = unit;
  // It may have been placed by a check that was under way when it got in line anew.
  if (state.status !== 'pending' && state.status !== 'blocked') return;
  const placement = run.gate.place(index);
  if (placement.at === 'nowhere') {
    if (!fresh || !run.gate.hasAsked(placement)) return run.gate.queueCheck(index);
    const unknown = run.gate.unknownTool(placement);
    if (unknown !== undefined) {
      // Its worker may have been forgotten with the catalogue. Runs that got here before 0.2.0 asked but once.
      if (run.gate.fresh && run.patched('unknown-tools-asked-again')) return run.gate.queueCheck(index);
      return fail(run, unit, {
        code: 'TOOL_NOT_FOUND',
        message: `No worker offers the tool '${unknown}'. Start one with a tools file that defines it, or correct tool_name.`,
      });
    }
    if (placement.unmet.length > 0) {
      block(run, unit, [...new Set(placement.unmet.map((query) => query.skill))], run.gate.reasons(placement));
      return countQueueTime(run, unit, lacksWorker(placement));
    }
  }
  unblock(run, unit);
  // Runs that got here before 0.2.0 began it all the same.
  const mustWait = placement.at === 'inline' && (run.paused !== undefined || run.migration !== undefined) && run.patched('inline-while-paused');
  if (mustWait || (queueAgain && isSequential(unit))) getInLine(run, unit);
  else if (placement.at === 'inline') beginInline(run, unit);
  else run.slots.push(index);
}

/** Its turn comes once more. */
function getInLine(run: RunState, unit: Unit): void {
  if (unit.fan === undefined) return run.ready.push(unit.step);
  unit.fan.again.push(unit);
  run.dueFans.add(unit.fan);
}

function beginInline(run: RunState, unit: Unit): void {
  const { state, step, index, fan } = unit;
  markStarted(run, unit);
  const outcome = runInline(state.kind as InlineKind, run.usedBy(unit));
  switch (outcome.type) {
    case 'done': {
      const bytes = jsonBytes(outcome.result);
      if (bytes > MOST_INLINE_BYTES) return fail(run, unit, resultTooLarge(bytes));
      return finish(run, unit, 'done', outcome.result);
    }
    case 'wait':
      if (outcome.message.length > LONGEST_MESSAGE) return fail(run, unit, messageTooLong(outcome.message.length));
      state.status = 'waiting_for_input';
      state.message = outcome.message;
      state.schema = outcome.schema;
      run.waiting.add(index);
      fan?.waiting.add(unit);
      if (fan) run.dueFans.add(fan);
      hold(run, unit, step.step.timeout_secs ?? undefined);
      return run.tell(unit, 'step_waiting', { message: outcome.message, schema: outcome.schema, ...untilOf(run, index) });
    case 'delay':
      hold(run, unit, Math.max(0, (outcome.until ?? run.now + outcome.secs * 1000) - run.now) / 1000);
      return fan ? undefined : run.tell(unit, 'step_delayed', untilOf(run, index));
    case 'fail':
      return fail(run, unit, outcome.failure);
    case 'branch':
      return fail(run, unit, { code: 'INTERNAL', message: 'A condition was left unevaluated' });
  }
}

/** It waits or is delayed: a sequential step holds later ones; a short delay counts as running. */
function hold(run: RunState, unit: Unit, secs: number | undefined): void {
  if (isSequential(unit)) run.heldBy += 1;
  if (secs === undefined) return;
  run.deadlines.set(unit.index, run.now + secs * 1000);
  if (secs <= SHORT_DELAY_SECS && !run.waiting.has(unit.index)) run.short.add(unit.index);
}

function untilOf(run: RunState, index: number): { until?: string } {
  const until = run.deadlines.get(index);
  return until === undefined ? {} : { until: new Date(until).toISOString() };
}

/** `fields` of the event: observers of a step are told once that it started, of elements not at all. */
export function markStarted(run: RunState, unit: Unit, fields?: object): void {
  const { state, fan } = unit;
  if (state.startedAt === undefined && fan === undefined) run.tell(unit, 'step_started', fields);
  state.status = 'running';
  state.startedAt ??= run.now;
}

function block(run: RunState, unit: Unit, missing: string[], reasons: MissingReasons): void {
  const { state, fan, index } = unit;
  run.blocked.add(index);
  const told = Object.keys(reasons).length > 0 ? { missing_reasons: reasons } : {};
  if (told.missing_reasons) state.missingReasons = reasons;
  else delete state.missingReasons;
  const error = `Missing skills: ${missing.join(', ')}`;
  if (state.status === 'blocked' && state.error === error) return;
  state.status = 'blocked';
  state.missing = missing;
  state.error = error;
  const isFirst = fan === undefined || fan.blocked.size === 0;
  fan?.blocked.add(unit);
  if (isFirst) run.log.add(run.now, 'step_blocked', unit.step.index, { missing, ...told });
}

function unblock(run: RunState, unit: Unit): void {
  const { state, fan, step } = unit;
  countQueueTime(run, unit, false);
  if (state.missing === undefined) return;
  state.status = 'pending';
  delete state.missing;
  delete state.missingReasons;
  delete state.error;
  if (fan) {
    fan.blocked.delete(unit);
    run.dueFans.add(fan);
    if (fan.blocked.size > 0) return;
  }
  run.log.add(run.now, 'step_unblocked', step.index);
}

/** Time in which no worker has its skill or its tool counts for `queue_timeout_secs`; time in which only a connection lacks does not. */
function countQueueTime(run: RunState, { index, state, step }: Unit, lacks: boolean): void {
  const secs = step.step.queue_timeout_secs;
  const lacked = state.lackedWorker ?? { before: 0 };
  if (secs == null || lacks === (lacked.since !== undefined)) return;
  // Runs that got here before 0.2.0 waited for as long as it took.
  if (lacks && !run.patched('blocked-time-counts')) return;
  if (lacks) {
    state.lackedWorker = { before: lacked.before, since: run.now };
    run.deadlines.set(index, run.now + Math.max(0, secs * 1000 - lacked.before));
  } else {
    state.lackedWorker = { before: lacked.before + run.now - (lacked.since ?? run.now) };
    run.deadlines.delete(index);
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

/** The state of a step that has not begun, but for what its user's retries left. */
export function resetState(state: StepState): void {
  state.status = 'pending';
  for (const key of ['error', 'errorCode', 'startedAt', 'completedAt', 'result', 'elements', 'child', 'lackedWorker'] as const) delete state[key];
}
