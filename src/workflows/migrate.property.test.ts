import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { JsonObject, JsonValue } from '../definition/json.js';
import type { RequirementsCheck, RequirementsReport, StepTask } from '../definition/messages.js';
import type { MigrationDecision, MigrationPlan } from '../definition/migration.js';
import type { Seed } from '../definition/rerun.js';
import type { WorkflowDefinition } from '../definition/types.js';
import { restore, type Carried } from './carry.js';
import { RunMachine } from './machine.js';
import { keepsEntryPoint, migrated, planFor } from './migrate.js';
import { compilePlan, type Plan } from './plan.js';
import type { MachineOptions } from './scope.js';
import { retry } from './steer.js';

type Pick = (count: number) => number;

/** What a step gives depends on what it was told, and on nothing else. */
function resultOf({ kind, mapping, values }: StepTask): JsonValue {
  let hash = 7;
  for (const character of JSON.stringify([kind, mapping, values])) hash = (hash * 31 + character.charCodeAt(0)) % 1_000_003;
  return { v: hash };
}

class Driven {
  readonly tasks = new Map<number, StepTask>();
  constructor(readonly machine: RunMachine) {
    this.machine.now = 1_000;
  }

  begin(carried?: Carried): this {
    if (carried) restore(this.machine, carried);
    const check = this.machine.gate.everything();
    if (check) this.machine.learn(check, report(check));
    if (!carried) this.machine.start();
    return this.turn();
  }

  turn(): this {
    for (;;) {
      this.machine.now += 1;
      this.machine.advance();
      const starts = this.machine.takeStarts(1e6, 1e6, () => ({ bytes: 1, cost: 1 }));
      for (const start of starts) if (start.child === undefined) this.tasks.set(start.index, start.task);
      const due = this.machine.gate.takeChecks();
      if (due) this.machine.checked(due.steps, due.check, report(due.check));
      if (!due && starts.length === 0) return this;
    }
  }

  succeed(index: number): void {
    this.machine.succeed(index, { result: resultOf(this.tasks.get(index) as StepTask) });
  }

  /** Lets one thing happen; false when nothing can. `mayFail`: a step may fail, so that the run holds. */
  happen(pick: Pick, mayFail: boolean): boolean {
    const { running, waiting, held, deadlines } = this.machine;
    const delayed = [...deadlines.keys()].filter((index) => !waiting.has(index));
    const events = [
      ...[...running].map((index) => () => this.succeed(index)),
      ...(mayFail ? [...running].map((index) => () => this.machine.fail(index, { code: 'TOOL_FAILED', message: 'broken' })) : []),
      ...[...waiting].map((index) => () => this.machine.answer(this.#id(index), { answer: this.#id(index) })),
      ...(mayFail ? [] : [...held].map((index) => () => retry(this.machine, this.#id(index)))),
      ...delayed.map((index) => () => this.machine.timeUp(index)),
    ];
    const event = events[pick(Math.max(1, events.length))];
    if (event === undefined) return false;
    event();
    this.turn();
    return true;
  }

  #id(index: number): string {
    return this.machine.plan.steps[index]?.id ?? '';
  }

  finish(): this {
    for (let left = 1_000; left > 0 && this.happen(() => 0, false); left -= 1);
    return this;
  }

  /** How the run ended, without times. */
  get end(): JsonValue {
    const steps = this.machine.steps.map(({ status, result }, index) => [this.#id(index), status, result ?? null]);
    return { status: this.machine.status, steps, context: this.machine.context() };
  }
}

function report(check: RequirementsCheck): RequirementsReport {
  return {
    requirements: check.requirements.map(() => ({ available: true, served: true })),
    tools: Object.fromEntries(check.tools.map((name) => [name, { skill: 'native:tool', live: true }])),
  };
}

const IDS = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
interface Drawn {
  id: string;
  kind: number;
  salt: number;
  parallel: boolean;
  skips: boolean;
  /** Which of the steps before it, in some order of all ids, it depends on. */
  after: boolean[];
}
const drawnStep = (id: string): fc.Arbitrary<Drawn> =>
  fc.record({
    id: fc.constant(id),
    kind: fc.nat(3),
    salt: fc.nat(1),
    parallel: fc.boolean(),
    skips: fc.nat(5).map((n) => n === 0),
    after: fc.array(fc.nat(3).map((n) => n === 0), { minLength: IDS.length, maxLength: IDS.length }),
  });
const drawnSteps = fc.tuple(...IDS.map(drawnStep));
const drawn = fc.record({
  steps: drawnSteps,
  edited: drawnSteps,
  /** For each id: in the old definition, in the new one, and whether it is edited. */
  presence: fc.array(fc.record({ old: fc.nat(4), fresh: fc.nat(4), edit: fc.nat(2) }), { minLength: IDS.length, maxLength: IDS.length }),
  order: fc.shuffledSubarray(IDS, { minLength: IDS.length, maxLength: IDS.length }),
  moves: fc.boolean(),
  hold: fc.boolean(),
  concurrency: fc.constantFrom(1, 2, 100),
  entry: fc.option(fc.constantFrom(...IDS), { nil: undefined }),
  happenings: fc.array(fc.nat(1_000), { maxLength: 8 }),
  decisions: fc.array(fc.nat(2), { minLength: 1, maxLength: 7 }),
});

function definitionOf(steps: Drawn[], present: Set<string>, settings: object): WorkflowDefinition {
  const built = steps
    .filter(({ id }) => present.has(id))
    .map(({ id, kind, salt, parallel, skips, after }) => {
      const on = IDS.slice(0, IDS.indexOf(id)).filter((other, index) => after[index] && present.has(other));
      const seen = on.map((other) => `{steps.${other}}`);
      const kinds: JsonObject[] = [
        { type: 'tool_call', tool_name: 'echo' },
        { type: 'api_call', url: `http://127.0.0.1/${salt}` },
        { type: 'wait_for_input', message: `${salt} ${seen.join()}`, schema: true },
        { type: 'checkpoint', message: `${salt} ${seen.join()}` },
      ];
      return {
        id,
        kind: kinds[kind],
        ...(kind < 2 ? { input: { salt, seen } } : {}),
        depends_on: on,
        ...(parallel ? { execution: 'parallel' } : {}),
        ...(skips ? { skip_if: '{input.flag} == yes' } : {}),
      };
    });
  return { id: 'doc', steps: built, ...settings } as unknown as WorkflowDefinition;
}

function settle(machine: RunMachine, after: Plan, pick: Pick): MigrationPlan {
  const decisions: { [id: string]: MigrationDecision } = {};
  for (;;) {
    const plan = planFor(machine, after, decisions);
    if (plan.verdict !== 'needs_decisions') return plan;
    for (const { id, action, choices = [] } of plan.steps) {
      if (action === 'undecided') decisions[id] = choices[pick(choices.length)] ?? 'keep';
    }
  }
}

function check(given: typeof drawn extends fc.Arbitrary<infer T> ? T : never): MigrationPlan['verdict'] {
  const { steps, edited, presence, order, moves, hold, concurrency, entry, happenings, decisions } = given;
  const present = (key: 'old' | 'fresh'): Set<string> => new Set(IDS.filter((_id, index) => (presence[index]?.[key] ?? 0) > 0));
  const [old, fresh] = [present('old'), present('fresh')];
  const newer = steps.map((step, index) => (presence[index]?.edit === 0 ? (edited[index] ?? step) : step));
  if (moves) newer.sort((a, b) => order.indexOf(a.id) - order.indexOf(b.id));
  const entryPoint = entry !== undefined && old.has(entry) && fresh.has(entry) ? entry : undefined;
  const settings = { concurrency, ...(hold ? { on_failure: 'hold' } : {}), ...(entryPoint ? { entry_points: [{ id: 'e', starts_at: entryPoint }] } : {}) };
  const plan = compilePlan(definitionOf(steps, old, settings), entryPoint && 'e');
  const after = compilePlan(definitionOf(newer, fresh, settings), entryPoint && 'e');
  const options: MachineOptions = { input: { flag: 'yes' } };

  const run = new Driven(new RunMachine(plan, options)).begin();
  for (const number of happenings) if (!run.happen((count) => number % count, hold && number % 5 === 0)) break;
  for (const index of [...run.machine.running]) run.succeed(index);
  let nth = 0;
  const made = settle(run.machine, after, (count) => (decisions[nth++ % decisions.length] ?? 0) % count);
  if (made.verdict === 'refused') return made.verdict;
  const event = { at: run.machine.now, event: 'run_migrated', step: -1, fields: {} } as const;
  const carried = JSON.parse(JSON.stringify(migrated(run.machine, after, made, event))) as Carried;
  const next = keepsEntryPoint(after, made) ? after : compilePlan(after.definition, undefined);
  const moved = new Driven(new RunMachine(next, options)).begin(carried);

  const seed: Seed = {};
  for (const [index, { status, result }] of carried.steps) {
    const id = after.steps[index]?.id ?? '';
    if (status === 'done' || status === 'skipped') seed[id] = { status, ...(result === undefined ? {} : { result }) };
  }
  const inOrder = [...carried.finished.map((index) => after.steps[index]?.id ?? ''), ...Object.keys(seed)];
  const ordered: Seed = {};
  for (const id of inOrder) if (seed[id]) ordered[id] ??= seed[id];
  const anew = new Driven(new RunMachine(next, { ...options, seed: ordered })).begin();

  moved.finish();
  anew.finish();
  expect(moved.machine.status).toBe('completed');
  const context = moved.end as { context: { last_response?: JsonValue } };
  const other = anew.end as { context: { last_response?: JsonValue } };
  // Which of two calls at once ends last is no matter of the migration.
  delete context.context.last_response;
  delete other.context.last_response;
  const gone = (id: string): boolean => !fresh.has(id);
  const seenSteps = (context.context as { steps?: JsonObject }).steps ?? {};
  for (const id of Object.keys(seenSteps)) if (gone(id)) delete seenSteps[id];
  expect(context).toEqual(other);
  return made.verdict;
}

it('completes with what a fresh run of the new definition with those results would give', () => {
  const verdicts = new Set<string>();
  fc.assert(fc.property(drawn, (given) => void verdicts.add(check(given))), { numRuns: 1_500 });
  expect([...verdicts]).toEqual(['compatible']);
});
