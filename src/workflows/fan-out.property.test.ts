import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { JsonValue } from '../definition/json.js';
import type { RequirementsCheck, RequirementsReport } from '../definition/messages.js';
import type { WorkflowDefinition } from '../definition/types.js';
import { carry, restore, type Carried } from './carry.js';
import { RunMachine } from './machine.js';
import { compilePlan } from './plan.js';
import { pause, resume, retry, skip } from './steer.js';
import type { Unit } from './unit.js';

/** An element fails so often before it succeeds; or it waits for an answer. */
const drawnItem = fc.record({ failures: fc.constantFrom(0, 0, 0, 0, 1, 2), asks: fc.nat(6).map((n) => n === 0) });
const drawnFan = fc.record({
  items: fc.array(drawnItem, { maxLength: 24 }),
  limit: fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined }),
  tolerant: fc.boolean(),
  onError: fc.constantFrom('fail', 'continue'),
  parallel: fc.boolean(),
});
const drawn = fc.record({
  fans: fc.tuple(drawnFan, drawnFan),
  concurrency: fc.constantFrom(1, 2, 3, 7, 100),
  hold: fc.boolean(),
  happenings: fc.array(fc.record({ what: fc.nat(11), which: fc.nat(100) }), { maxLength: 60 }),
});
type Drawn = typeof drawn extends fc.Arbitrary<infer T> ? T : never;
type Happening = Drawn['happenings'][number];

const IDS = ['f', 'g'] as const;

function definitionOf({ fans, concurrency, hold }: Drawn): WorkflowDefinition {
  const steps = fans.map(({ limit, tolerant, onError, parallel }, at) => ({
    id: IDS[at],
    for_each: { items: `{input.${IDS[at]}}`, ...(limit === undefined ? {} : { concurrency: limit }), ...(tolerant ? { on_error: 'continue' } : {}) },
    on_error: onError,
    ...(parallel ? { execution: 'parallel' } : {}),
    kind: {
      type: 'condition',
      expression: '{item.asks}',
      if_true: { type: 'wait_for_input', message: 'Well?', schema: true },
      if_false: { type: 'tool_call', tool_name: 'echo', input: { at: '{item.index}' } },
    },
  }));
  const last = { id: 'last', kind: { type: 'checkpoint', message: 'over' }, depends_on: [...IDS] };
  return { id: 'doc', concurrency, ...(hold ? { on_failure: 'hold' } : {}), steps: [...steps, last] } as unknown as WorkflowDefinition;
}

function report(check: RequirementsCheck): RequirementsReport {
  return {
    requirements: check.requirements.map(() => ({ available: true, served: true })),
    tools: Object.fromEntries(check.tools.map((name) => [name, { skill: 'native:tool', live: true }])),
  };
}

const nameOf = ({ step, element, state }: Unit): string => `${step.id}[${element}]#${state.reruns}`;
const orderOf = (one: Unit, other: Unit): number => one.step.index - other.step.index || (one.element ?? 0) - (other.element ?? 0);

/** Drives a run by hand, and looks at every moment whether its limits hold. */
class Driven {
  machine: RunMachine;
  /** What was begun, by element and how often its user had it run again. */
  readonly begun: string[] = [];
  continued = 0;

  constructor(
    private readonly given: Drawn,
    private readonly continues: boolean,
  ) {
    this.machine = this.#fresh();
    this.machine.start();
    this.turn();
  }

  #fresh(): RunMachine {
    const [f, g] = this.given.fans;
    const input = { f: f.items, g: g.items } as unknown as { [id: string]: JsonValue };
    const machine = new RunMachine(compilePlan(definitionOf(this.given), undefined), { input });
    machine.now = 1_000;
    const check = machine.gate.everything();
    if (check) machine.learn(check, report(check));
    return machine;
  }

  turn(continueAsNew = false): void {
    for (;;) {
      this.machine.now += 1;
      this.machine.advance();
      const due = continueAsNew || this.machine.draining;
      if (this.continues && due && this.machine.idle && !this.machine.over) return this.#continueAsNew();
      const starts = this.machine.takeStarts(1e9, 1e9, () => ({ bytes: 1, cost: 1 }));
      for (const { index } of starts) this.begun.push(nameOf(this.machine.unit(index) as Unit));
      this.#check();
      if (starts.length === 0) return;
    }
  }

  #continueAsNew(): void {
    this.continued += 1;
    const carried = JSON.parse(JSON.stringify(carry(this.machine))) as Carried;
    const { now } = this.machine;
    this.machine = this.#fresh();
    this.machine.now = now;
    restore(this.machine, carried);
    this.turn();
  }

  #check(): void {
    const { machine, given } = this;
    expect(machine.running.size).toBeLessThanOrEqual(given.concurrency);
    for (const [at, { limit }] of given.fans.entries()) {
      const fan = machine.fans.get(at);
      if (!fan) continue;
      const open = [...fan.open.values()];
      if (limit !== undefined) expect(open.length).toBeLessThanOrEqual(limit);
      expect(open.filter((unit) => machine.running.has(unit.index)).length).toBeLessThanOrEqual(limit ?? given.concurrency);
      // One that has been stopped forgets elements that had not started, and keeps the one that failed.
      if (!fan.stopped) expect(fan.done + fan.failed + open.length - fan.held.size).toBe(fan.next);
    }
  }

  units(indexes: Iterable<number>): Unit[] {
    return [...indexes].flatMap((index) => this.machine.unit(index) ?? []).sort(orderOf);
  }

  #end(unit: Unit): void {
    const at = IDS.indexOf(unit.step.id as 'f');
    const { failures } = this.given.fans[at]?.items[unit.element ?? 0] ?? { failures: 0 };
    if (unit.state.reruns < failures) this.machine.fail(unit.index, { code: 'TOOL_FAILED', message: 'broken' });
    else this.machine.succeed(unit.index, { result: { ok: unit.element ?? null } });
  }

  happen({ what, which }: Happening): void {
    const { machine } = this;
    const one = (units: Unit[]): Unit | undefined => units[which % Math.max(1, units.length)];
    if (what <= 5) {
      const unit = one(this.units(machine.running));
      if (unit) this.#end(unit);
    } else if (what === 6) {
      this.#answer(one(this.units(machine.waiting)));
    } else if (what === 7) {
      if (machine.paused?.by === 'user') resume(machine);
      else pause(machine);
    } else if (what === 8) {
      const held = one(this.units(machine.held));
      if (held) retry(machine, held.step.id, which % 2 === 0 ? held.element : undefined);
    } else if (what === 9) {
      const held = one(this.units([...machine.held, ...machine.waiting]));
      if (held) skip(machine, held.step.id, 'skipped', held.element);
    } else if (what === 10 && this.continues) {
      machine.draining = true;
    }
    this.turn(what === 11);
  }

  #answer(unit: Unit | undefined): void {
    if (unit) this.machine.answer(unit.step.id, { said: unit.element ?? null }, unit.element);
  }

  /** All that fails is run again, all that waits is answered, until the run is over. */
  finish(): this {
    for (let left = 2_000; left > 0 && !this.machine.over; left -= 1) {
      const { machine } = this;
      const [running, waiting, held] = [machine.running, machine.waiting, machine.held].map((indexes) => this.units(indexes)[0]);
      if (machine.paused?.by === 'user') resume(machine);
      else if (running) this.#end(running);
      else if (held) retry(machine, held.step.id);
      else this.#answer(waiting);
      this.turn();
    }
    expect(this.machine.over).toBe(true);
    expect(new Set(this.begun).size).toBe(this.begun.length);
    return this;
  }

  /** How the run ended, without times. */
  get end(): JsonValue {
    const steps = this.machine.steps.map(({ status, result, elements, attempts, error }) => ({
      status,
      result: result ?? null,
      // Which of two fails first is a matter of chance.
      elements: elements ? { ...elements, failures: [...(elements.failures ?? [])].sort((a, b) => a.index - b.index).map((each) => ({ ...each })) } : null,
      attempts,
      error: error ?? null,
    }));
    return { status: this.machine.status, steps };
  }
}

/** What must have come of each fan-out whose elements are all settled. */
function checkResults(run: Driven, given: Drawn): void {
  for (const [at, { items, tolerant }] of given.fans.entries()) {
    const { status, result, elements } = run.machine.steps[at] ?? {};
    if (status !== 'done') continue;
    const results = result as JsonValue[];
    expect(results).toHaveLength(items.length);
    const failed = results.filter((each) => (each as { error?: string } | null)?.error !== undefined);
    expect(elements).toMatchObject({ total: items.length, done: items.length - failed.length, failed: failed.length });
    results.forEach((each, element) => {
      const { asks = false, failures = 0 } = items[element] ?? {};
      const fails = tolerant && failures > 0 && !asks;
      const right = fails ? { error: 'broken', error_code: 'TOOL_FAILED' } : asks ? { said: element } : { ok: element };
      if (each !== 'skipped') expect(each).toEqual(right);
    });
  }
}

/** Whether every step comes to the same whatever ends first: nothing is skipped, and no failure ends a fan-out early. */
function isSteady({ fans, hold, happenings }: Drawn): boolean {
  const fails = (items: Drawn['fans'][number]['items']): boolean => items.some(({ failures, asks }) => failures > 0 && !asks);
  return happenings.every(({ what }) => what !== 9) && fans.every(({ items, tolerant, onError }) => tolerant || !fails(items) || (hold && onError === 'fail'));
}

it('keeps its limits, begins each element once and gives results in order, continued as new or not', () => {
  let [continued, compared] = [0, 0];
  const check = (given: Drawn): void => {
    const [whole, parts] = [new Driven(given, false), new Driven(given, true)];
    for (const run of [whole, parts]) {
      for (const happening of given.happenings) run.happen(happening);
      checkResults(run.finish(), given);
    }
    if (parts.continued > 0) continued += 1;
    if (!isSteady(given)) return;
    compared += 1;
    expect(whole.machine.status).toBe('completed');
    expect(parts.end).toEqual(whole.end);
  };
  fc.assert(fc.property(drawn, check), { numRuns: 1_500 });
  expect(Math.min(continued, compared)).toBeGreaterThan(100);
});
