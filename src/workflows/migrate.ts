import type { ApplicationFailure } from '@temporalio/common';
import { describeCircle, findCircles } from '../definition/graph.js';
import { dictionary, own, type JsonObject, type JsonValue } from '../definition/json.js';
import type { Migrate, RunInput } from '../definition/messages.js';
import { describeMigration, planMigration, type MigrationAction, type MigrationDecisions, type MigrationPlan } from '../definition/migration.js';
import { messageOf } from '../definition/text.js';
import { kinds } from '../kinds/index.js';
import { carry, type Carried } from './carry.js';
import { contextPart } from '../definition/context-part.js';
import { refusal } from './handlers.js';
import { KEPT_EVENTS, type Entry } from './log.js';
import type { RunMachine } from './machine.js';
import { compilePlan, reachable, type Plan } from './plan.js';

/** What moving this run to a new definition means at this moment. */
export function planFor(machine: RunMachine, after: Plan, decisions: MigrationDecisions): MigrationPlan {
  const states = dictionary<{ status: RunMachine['steps'][number]['status']; until?: number; result?: JsonValue }>();
  for (const { index, step, state } of machine.units) {
    const { result, child } = state;
    // A fan-out of which all that is open is held has failed, as observers see it.
    const status = machine.fans.get(index)?.status === 'failed' ? 'failed' : state.status;
    // A child that has a time-out runs all the same.
    const until = child ? undefined : machine.deadlines.get(index);
    states[step.id] = { status, ...(until === undefined ? {} : { until }), ...(result === undefined ? {} : { result }) };
  }
  return planMigration({
    before: machine.plan.definition,
    after: after.definition,
    states,
    decisions,
    entryPoint: after.entryPoint,
    ending: machine.failure !== undefined || machine.canceled,
  });
}

/** What a run carries to an execution of its new definition: state goes by step id, as the plan says. Times in ms. */
export function migrated(machine: RunMachine, after: Plan, plan: MigrationPlan, event: Omit<Entry, 'seq'>, events = KEPT_EVENTS): Carried {
  const carried = carry(machine, events);
  const actions = new Map(plan.steps.map(({ id, action }) => [id, action]));
  const move = new Move(machine.plan, after, actions, new Map(carried.fans?.map(({ step, reruns = 0 }) => [step, reruns])));
  const steps = [...carried.steps.flatMap((step) => move.step(step, event.at)), ...move.leftOut(event.at)].sort(([a], [b]) => a - b);
  const held = move.indexes(carried.held);
  const fans = (carried.fans ?? []).flatMap((fan) => move.indexes([fan.step]).map((step) => ({ ...fan, step })));
  const { pauses, failure: _none, fans: _fans, ...kept } = carried;
  const finished = move.indexes(carried.finished);
  const holds = held.length > 0 || fans.some(({ open }) => open.some((one) => one.held));
  const seq = carried.log.last_seq + 1;
  return {
    ...kept,
    steps,
    ...(fans.length > 0 ? { fans } : {}),
    others: move.others(carried),
    ...contextOf(after, steps, finished),
    log: { last_seq: seq, entries: [...carried.log.entries.map((entry) => move.entry(entry)), { seq, ...event }] },
    finished,
    unreached: [],
    ...(carried.unsaved ? { unsaved: move.indexes(carried.unsaved) } : {}),
    held,
    deadlines: carried.deadlines.flatMap(([index, at]): Carried['deadlines'] => move.indexes([index]).map((moved) => [moved, at])),
    ...(pauses ? { pauses: pauses.filter(({ by }) => by !== 'failure' || holds) } : {}),
  };
}

type CarriedState = Carried['steps'][number];

class Move {
  constructor(
    private readonly before: Plan,
    private readonly after: Plan,
    private readonly actions: ReadonlyMap<string, MigrationAction>,
    /** How often the fan-outs under way were run again, by step. */
    private readonly fans: ReadonlyMap<number, number>,
  ) {}

  #id(index: number): string {
    return this.before.steps[index]?.id ?? '';
  }

  /** Where the steps that keep their state are now. */
  indexes(indexes: readonly number[]): number[] {
    return indexes.flatMap((index) => {
      const id = this.#id(index);
      const moved = this.after.indexOf.get(id);
      return moved === undefined || this.actions.get(id) !== 'keep' ? [] : [moved];
    });
  }

  step([index, state]: CarriedState, now: number): CarriedState[] {
    const id = this.#id(index);
    const moved = this.after.indexOf.get(id);
    if (moved === undefined) return [];
    const hasRun = state.status === 'done' || state.status === 'skipped' || state.status === 'failed' || this.fans.has(index);
    switch (this.actions.get(id)) {
      case 'reset':
        return [[moved, { status: 'pending', reruns: (this.fans.get(index) ?? state.reruns ?? 0) + (hasRun ? 1 : 0) }]];
      case 'drop':
        return [[moved, { status: 'skipped', completedAt: now }]];
      default:
        return [[moved, state]];
    }
  }

  /** New steps that the entry point of the run leaves out. */
  leftOut(now: number): CarriedState[] {
    const presets = this.after.entryPoint?.preset_results ?? {};
    return this.after.steps.flatMap(({ id, index }): CarriedState[] => {
      if (this.actions.get(id) !== 'leave_out') return [];
      const result = own(presets, id);
      return [[index, { status: 'skipped', completedAt: now, ...(result === undefined ? {} : { result }) }]];
    });
  }

  /** Values of `{steps.x}` that are no step's result, with the kept ones of steps that are gone. */
  others({ others, steps }: Carried): JsonObject {
    const values = Object.assign(dictionary<JsonValue>(), others);
    for (const [index, { result }] of steps) {
      const id = this.#id(index);
      if (result !== undefined && !this.after.indexOf.has(id) && this.actions.get(id) === 'keep') values[id] = result;
    }
    return values;
  }

  /** Entries of steps that are gone keep their names. */
  entry(entry: Entry): Entry {
    if (entry.step < 0) return entry;
    const moved = this.after.indexOf.get(this.#id(entry.step));
    if (moved !== undefined) return { ...entry, step: moved };
    const step = this.before.steps[entry.step];
    const fields = { step_id: step?.id ?? '', step_label: step?.step.label ?? step?.id ?? '', ...entry.fields };
    return { ...entry, step: -1, fields };
  }
}

/** The top-level keys of the context that results of steps are stored at: the last one that ended counts. */
function contextOf(after: Plan, steps: readonly CarriedState[], finished: readonly number[]): Pick<Carried, 'context' | 'context_from'> {
  const states = new Map(steps);
  const context = dictionary<JsonValue>();
  const from = new Map<string, string>();
  for (const index of finished) {
    const step = after.steps[index];
    const state = states.get(index);
    if (!step || state?.status !== 'done' || state.result === undefined) continue;
    const plain = kinds[(state.kind ?? step.step.kind).type];
    if (plain.runs !== 'activity' || !('contextKey' in plain)) continue;
    context[plain.contextKey] = contextPart(state.result, plain.contextPart);
    from.set(plain.contextKey, step.id);
  }
  return { context, context_from: [...from] };
}

/** Whether the run still began at its entry point: not when a step that the entry point leaves out runs now. */
export function keepsEntryPoint(after: Plan, plan: MigrationPlan): boolean {
  if (after.entryPoint === undefined) return false;
  const reached = reachable(after, after.indexOf.get(after.entryPoint.starts_at) ?? -1);
  return plan.steps.every(({ id, action }) => action !== 'reset' || reached[after.indexOf.get(id) ?? -1] !== false);
}

/**
 * The input of the execution that goes on by the new definition, with the newest `events` of the log; a sentence when the run
 * cannot be moved after all. Only while nothing is in flight.
 */
export function migrationInput(machine: RunMachine, input: RunInput, migration: Migrate, events = KEPT_EVENTS): RunInput | string {
  const { definition, definition_hash, decisions = {} } = migration;
  const after = compilePlan(definition, input.entry_point);
  const plan = planFor(machine, after, decisions);
  if (plan.verdict !== 'compatible') return describeMigration(plan);
  const from = input.definition_hash ?? '';
  const fields = { from_hash: from, to_hash: definition_hash };
  const carried = migrated(machine, after, plan, { at: machine.now, event: 'run_migrated', step: -1, fields }, events);
  const { seed: _seed, entry_point, ...kept } = input;
  return {
    ...kept,
    ...(entry_point !== undefined && keepsEntryPoint(after, plan) ? { entry_point } : {}),
    definition,
    definition_hash,
    migrations: [...(input.migrations ?? []), { ...fields, at: new Date(machine.now).toISOString() }],
    carried: carried as unknown as JsonObject,
  };
}

/**
 * Why the run cannot be moved to another definition, as a failure of type `MIGRATION_REFUSED` or `MIGRATION_UNDECIDED` whose
 * first detail is the plan; undefined when it can be.
 */
export function checkMigration(machine: RunMachine, { definition, decisions = {} }: Migrate): ApplicationFailure | undefined {
  if (machine.migration) return refusal('MIGRATION_REFUSED', 'The run is about to be moved to another definition already');
  let plan: MigrationPlan;
  try {
    const [circle] = findCircles(definition.steps);
    if (circle) return refusal('MIGRATION_REFUSED', describeCircle(circle));
    plan = planFor(machine, compilePlan(definition, machine.plan.entryPoint?.id), decisions);
  } catch (error) {
    return refusal('MIGRATION_REFUSED', `The definition is none that a run can go on by: ${messageOf(error)}`);
  }
  if (plan.verdict === 'compatible') return undefined;
  return refusal(plan.verdict === 'refused' ? 'MIGRATION_REFUSED' : 'MIGRATION_UNDECIDED', describeMigration(plan), plan);
}
