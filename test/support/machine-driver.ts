import { beforeEach, describe } from 'vitest';
import type { JsonObject, JsonValue } from '../../src/definition/json.js';
import type { RequirementsCheck, RequirementsReport, StepTask } from '../../src/definition/messages.js';
import type { WorkflowDefinition } from '../../src/definition/types.js';
import { carry, restore, type Carried } from '../../src/workflows/carry.js';
import { RunMachine, type Start } from '../../src/workflows/machine.js';
import { eventsAfter } from '../../src/workflows/observe.js';
import { compilePlan } from '../../src/workflows/plan.js';
import type { MachineOptions } from '../../src/workflows/scope.js';

export type Steps = WorkflowDefinition['steps'];
export const IDENTITY = { runId: 'run', definitionHash: 'hash' };

/** Whether drivers continue as new whenever they can. */
let carries = false;

/** Drives a machine by hand: everything asked for is there unless it is named as missing. */
export class Driver {
  machine: RunMachine;
  started: Start[] = [];
  missing = new Set<string>();
  unknownTools = new Set<string>();
  /** Why skills are missing. */
  reasons: { [skill: string]: string } = {};

  constructor(definition: Partial<WorkflowDefinition> & { steps: Steps }, options: MachineOptions & { entryPoint?: string } = {}) {
    this.machine = new RunMachine(compilePlan({ id: 'doc', ...definition }, options.entryPoint), options);
  }

  begin(): this {
    this.machine.now = 1_000;
    const check = this.machine.gate.everything();
    if (check) this.machine.learn(check, this.report(check));
    this.machine.start();
    return this.turn();
  }

  turn(): this {
    for (;;) {
      this.machine.advance();
      const starts = this.machine.takeStarts(1_000_000, 1_000_000, (task) => {
        const bytes = JSON.stringify(task).length;
        return { bytes, cost: bytes };
      });
      this.started.push(...starts);
      const due = this.machine.gate.takeChecks();
      if (due) this.machine.checked(due.steps, due.check, this.report(due.check));
      if (!due && starts.length === 0) break;
    }
    if (carries && this.machine.idle && !this.machine.over) this.continueAsNew();
    return this;
  }

  /** What a new execution of the run does with what the old one left. */
  continueAsNew(): void {
    const { plan, options, now } = this.machine;
    const carried = JSON.parse(JSON.stringify(carry(this.machine))) as Carried;
    this.machine = new RunMachine(plan, options);
    this.machine.now = now;
    restore(this.machine, carried);
    const check = this.machine.gate.everything();
    if (check) this.machine.learn(check, this.report(check));
    this.machine.advance();
  }

  report(check: RequirementsCheck): RequirementsReport {
    return {
      requirements: check.requirements.map(({ skill, missed }) => ({
        available: !this.missing.has(skill) && missed === undefined,
        served: false,
        ...(this.missing.has(skill) && this.reasons[skill] !== undefined ? { reason: this.reasons[skill] } : {}),
        ...(skill.startsWith('native:') ? {} : { revision: 'r1' }),
      })),
      tools: Object.fromEntries(
        check.tools.map((name) => [name, this.unknownTools.has(name) ? null : { skill: 'native:tool', live: true }]),
      ),
    };
  }

  done(id: string, result: JsonValue = { ok: id }): this {
    this.machine.now += 10;
    this.machine.succeed(this.index(id), { result });
    return this.turn();
  }

  fail(id: string, message = 'broken'): this {
    this.machine.fail(this.index(id), { code: 'TOOL_FAILED', message });
    return this.turn();
  }

  /** An element of a fan-out is done. */
  element(id: string, element: number): this {
    this.machine.now += 10;
    this.machine.succeed(this.machine.named(id, element)?.index ?? -1, { result: { ok: element } });
    return this.turn();
  }

  failElement(id: string, element: number, message = 'broken'): this {
    this.machine.fail(this.machine.named(id, element)?.index ?? -1, { code: 'TOOL_FAILED', message });
    return this.turn();
  }

  index(id: string): number {
    return this.machine.plan.indexOf.get(id) ?? -1;
  }

  status(id: string): string | undefined {
    return this.machine.steps[this.index(id)]?.status;
  }

  get tasks(): StepTask[] {
    return this.started.flatMap((start) => (start.child === undefined ? [start.task] : []));
  }

  get running(): string[] {
    return [...this.machine.running].map((index) => this.machine.plan.steps[index]?.id ?? '');
  }

  get events(): string[] {
    return eventsAfter(this.machine, 0).events.map((event) => ('step_id' in event ? `${event.event} ${event.step_id}` : event.event));
  }
}

export const tool = (id: string, more: JsonObject = {}): Steps[number] =>
  ({ id, kind: { type: 'tool_call', tool_name: 'echo' }, ...more }) as unknown as Steps[number];
export const note = (id: string, message: string, more: JsonObject = {}): Steps[number] =>
  ({ id, kind: { type: 'checkpoint', message }, ...more }) as unknown as Steps[number];
export const wait = (id: string, more: JsonObject = {}): Steps[number] =>
  ({ id, kind: { type: 'wait_for_input', message: 'Well?', schema: { type: 'object' } }, ...more }) as unknown as Steps[number];
export const parallel = { execution: 'parallel' };

/** Runs the tests twice: in one execution, and continuing as new whenever a run can. */
export function inEachExecution(define: () => void): void {
  describe.each([
    ['in one execution', false],
    ['continuing as new whenever it can', true],
  ])('%s', (_title, carry) => {
    beforeEach(() => {
      carries = carry;
    });
    define();
  });
}
