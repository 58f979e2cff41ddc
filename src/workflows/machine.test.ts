import { beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject, JsonValue } from '../definition/json.js';
import type { RequirementsCheck, RequirementsReport, StepTask } from '../definition/messages.js';
import type { WorkflowDefinition } from '../definition/types.js';
import { carry, restore, type Carried } from './carry.js';
import { childChanged, childEnded } from './child.js';
import { RunMachine, type Start } from './machine.js';
import { eventsAfter, finalRecord, snapshotOf } from './observe.js';
import { compilePlan } from './plan.js';
import type { MachineOptions } from './scope.js';
import { cancel, heldUnits, isSkippable, pause, resume, retry, skip } from './steer.js';

type Steps = WorkflowDefinition['steps'];
const IDENTITY = { runId: 'run', definitionHash: 'hash' };

/** Whether drivers continue as new whenever they can. */
let carries = false;

/** Drives a machine by hand: everything asked for is there unless it is named as missing. */
class Driver {
  machine: RunMachine;
  started: Start[] = [];
  missing = new Set<string>();
  unknownTools = new Set<string>();

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
      requirements: check.requirements.map(({ skill }) => ({
        available: !this.missing.has(skill),
        served: false,
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

const tool = (id: string, more: JsonObject = {}): Steps[number] =>
  ({ id, kind: { type: 'tool_call', tool_name: 'echo' }, ...more }) as unknown as Steps[number];
const note = (id: string, message: string, more: JsonObject = {}): Steps[number] =>
  ({ id, kind: { type: 'checkpoint', message }, ...more }) as unknown as Steps[number];
const wait = (id: string, more: JsonObject = {}): Steps[number] =>
  ({ id, kind: { type: 'wait_for_input', message: 'Well?', schema: { type: 'object' } }, ...more }) as unknown as Steps[number];
const parallel = { execution: 'parallel' };

describe.each([
  ['in one execution', false],
  ['continuing as new whenever it can', true],
])('%s', (_title, carry) => {
  beforeEach(() => {
    carries = carry;
  });

  describe('scheduling', () => {
    it('completes an empty document at once', () => {
      const { machine } = new Driver({ steps: [] }).begin();
      expect(machine.status).toBe('completed');
    });

    it('runs sequential steps one at a time, in document order, without depends_on', () => {
      const run = new Driver({ steps: [tool('b'), tool('a'), tool('c')] }).begin();
      expect(run.running).toEqual(['b']);
      expect(run.done('b').running).toEqual(['a']);
      expect(run.done('a').running).toEqual(['c']);
      expect(run.done('c').machine.status).toBe('completed');
    });

    it('runs parallel steps together as soon as their own dependencies are done', () => {
      const run = new Driver({
        steps: [tool('a', parallel), tool('b', parallel), tool('c', { ...parallel, depends_on: ['a'] })],
      }).begin();
      expect(run.running).toEqual(['a', 'b']);
      expect(run.done('a').running).toEqual(['b', 'c']);
    });

    it('starts a sequential step only when nothing runs and no parallel step can start', () => {
      const run = new Driver({ steps: [tool('s'), tool('p', parallel), tool('q', { ...parallel, depends_on: ['p'] })] }).begin();
      expect(run.running).toEqual(['p']);
      expect(run.done('p').running).toEqual(['q']);
      expect(run.done('q').running).toEqual(['s']);
    });

    it('keeps at most `concurrency` activities running', () => {
      const run = new Driver({ concurrency: 2, steps: ['a', 'b', 'c'].map((id) => tool(id, parallel)) }).begin();
      expect(run.running).toEqual(['a', 'b']);
      expect(run.done('b').running).toEqual(['a', 'c']);
    });

    it('lets parallel branches go on past a waiting step, but holds later sequential ones', () => {
      const run = new Driver({ steps: [wait('w'), tool('s'), tool('p', { ...parallel, depends_on: ['w'] })] }).begin();
      expect([run.status('w'), run.status('s')]).toEqual(['waiting_for_input', 'pending']);
      expect(run.machine.status).toBe('paused');
      run.machine.answer('w', { yes: true });
      expect(run.turn().running).toEqual(['p']);
      expect(run.done('p').running).toEqual(['s']);
    });

    it('starts nothing after a failure, keeps what still runs, and leaves the rest pending', () => {
      const run = new Driver({ steps: [tool('a', parallel), tool('b', parallel), tool('c', { depends_on: ['a'] })] }).begin();
      run.fail('a');
      expect(run.machine.status).toBe('running');
      run.done('b');
      expect(run.machine.status).toBe('failed');
      expect([run.status('b'), run.status('c')]).toEqual(['done', 'pending']);
      expect(run.machine.failure).toMatchObject({ code: 'TOOL_FAILED', message: 'broken', step: 0 });
    });

    it('settles 10,000 pure steps in one turn, each with the result of the one before', () => {
      const steps = Array.from({ length: 10_000 }, (_, at) =>
        note(`n${at}`, at === 0 ? 'x' : `{steps.n${at - 1}.message}`, at === 0 ? {} : { depends_on: [`n${at - 1}`] }),
      );
      const run = new Driver({ steps }).begin();
      expect(run.machine.status).toBe('completed');
      expect(run.machine.steps[9_999]?.result).toEqual({ message: 'x' });
    });
  });

  describe('skipping and conditions', () => {
    it('evaluates skip_if when the turn of the step has come, and a skipped step satisfies its dependents', () => {
      const run = new Driver({ steps: [tool('a'), tool('b', { skip_if: '{steps.a.ok}', depends_on: ['a'] }), tool('c', { depends_on: ['b'] })] }).begin();
      run.done('a', { ok: true });
      expect(run.status('b')).toBe('skipped');
      expect(run.running).toEqual(['c']);
      expect(run.events).not.toContain('step_started b');
    });

    it('runs the chosen branch, nested too, as the step itself', () => {
      const kind = {
        type: 'condition',
        expression: '{input.a}',
        if_true: { type: 'condition', expression: '{input.b} == "x"', if_true: { type: 'tool_call', tool_name: 'echo' } },
      };
      const steps = [{ id: 'c', kind }] as unknown as Steps;
      expect(new Driver({ steps }, { input: { a: 1, b: 'x' } }).begin().running).toEqual(['c']);
      const none = new Driver({ steps }, { input: { a: 1, b: 'y' } }).begin();
      expect(none.machine.steps[0]).toMatchObject({ status: 'done', result: { branch: false } });
    });

    it('waits under the condition’s own id when the branch waits', () => {
      const kind = { type: 'condition', expression: '{input.a}', if_true: { type: 'wait_for_input', message: 'For {input.a}?' } };
      const run = new Driver({ steps: [{ id: 'c', kind }] as unknown as Steps }, { input: { a: 'Ann' } }).begin();
      expect(run.machine.waitingStep('c')).toMatchObject({ message: 'For Ann?' });
    });
  });

  describe('requirements', () => {
    const drive = { requires: [{ skill: 'google:drive' }] };

    it('blocks a step whose connection is missing, lets other branches go on, and goes on when it appears', () => {
      const run = new Driver({ steps: [tool('a', drive), tool('b'), tool('c', { depends_on: ['a'] })] });
      run.missing.add('google:drive');
      run.begin();
      expect(run.machine.steps[0]).toMatchObject({ status: 'blocked', error: 'Missing skills: google:drive' });
      expect(run.running).toEqual(['b']);
      run.done('b');
      expect(run.machine.status).toBe('blocked');
      expect(run.machine.missing()).toEqual(['google:drive']);
      expect(run.status('c')).toBe('pending');
      run.missing.clear();
      run.machine.recheck(new Set(['google:drive']));
      expect(run.turn().running).toEqual(['a']);
      expect(run.machine.steps[0]?.error).toBeUndefined();
      expect(run.done('a').running).toEqual(['c']);
      expect(run.events).toEqual(expect.arrayContaining(['run_blocked', 'step_blocked a', 'step_unblocked a']));
    });

    it('gives an unblocked sequential step its turn only when nothing runs', () => {
      const run = new Driver({ steps: [tool('a', drive), tool('b')] });
      run.missing.add('google:drive');
      run.begin();
      run.missing.clear();
      run.machine.recheck();
      expect(run.turn().running).toEqual(['b']);
      expect(run.done('b').running).toEqual(['a']);
    });

    it('blocks on native:agent until a worker serves it', () => {
      const run = new Driver({ steps: [{ id: 'a', kind: { type: 'agent_run', prompt: 'hi' } }] });
      run.missing.add('native:agent');
      expect(run.begin().machine.status).toBe('blocked');
      expect(run.machine.missing()).toEqual(['native:agent']);
    });

    it('fails a step at once whose tool nobody announces', () => {
      const run = new Driver({ steps: [tool('a')] });
      run.unknownTools.add('echo');
      expect(run.begin().machine.failure).toMatchObject({ code: 'TOOL_NOT_FOUND' });
    });

    it('looks for a tool whose name only a reference tells, and fails the step at once when nobody announces it', () => {
      const named = { ...tool('a'), kind: { type: 'tool_call' as const, tool_name: '{input.tool}' } };
      const run = new Driver({ steps: [named] }, { input: { tool: 'echo' } });
      run.unknownTools.add('echo');
      expect(run.begin().machine.failure).toMatchObject({ code: 'TOOL_NOT_FOUND' });
      expect(new Driver({ steps: [named] }, { input: { tool: 'echo' } }).begin().running).toEqual(['a']);
    });

    it('blocks on a rejected revision, and fails after five rejections', () => {
      const run = new Driver({ steps: [tool('a', drive)] }).begin();
      for (let times = 1; times <= 5; times += 1) {
        expect(run.running).toEqual(['a']);
        run.machine.reject(0, { skill: 'google:drive', revision: `r${times}` }, { code: 'CONNECTION_REJECTED', message: 'HTTP 401' });
        run.turn();
      }
      expect(run.machine.failure).toMatchObject({ code: 'CONNECTION_REJECTED', message: 'HTTP 401' });
    });

    it('places a step again, without an attempt, that no worker took', () => {
      const run = new Driver({ steps: [tool('a')] }).begin();
      run.machine.requeue(0);
      run.turn();
      expect(run.started.map((start) => start.index)).toEqual([0, 0]);
      expect(run.events.filter((event) => event === 'step_started a')).toHaveLength(1);
    });
  });

  describe('context, entry points and output', () => {
    it('sends only the values that a step refers to, and the whole context to a tool without mapping or input', () => {
      const run = new Driver(
        { steps: [tool('a', { ...parallel, input: { x: '{input.deep.x}', y: '{steps.none}' } }), tool('b', parallel)] },
        { input: { deep: { x: [1] }, other: 2 }, env: { E: 'e' } },
      ).begin();
      expect(run.tasks[0]).toEqual({
        workflow_id: 'doc',
        kind: { type: 'tool_call', tool_name: 'echo' },
        mapping: { x: '{input.deep.x}', y: '{steps.none}' },
        values: { 'input.deep.x': [1] },
      });
      expect(run.tasks[1]?.context).toEqual({
        deep: { x: [1] },
        other: 2,
        input: { deep: { x: [1] }, other: 2 },
        steps: {},
        env: { E: 'e' },
      });
    });

    it('never lets input overwrite steps, env or input', () => {
      const { machine } = new Driver(
        { context: { input: { old: 1 }, kept: 1 }, steps: [] },
        { input: { steps: 'x', env: 'y', input: 'z', a: 1 } },
      );
      expect(machine.context()).toEqual({ kept: 1, a: 1, steps: {}, input: { steps: 'x', env: 'y', input: 'z', a: 1 } });
    });

    it('starts at an entry point with preset results, and skips what it does not reach', () => {
      const run = new Driver(
        {
          steps: [tool('a'), tool('b', { depends_on: ['a'] }), tool('c', { depends_on: ['b'], input: { x: '{steps.a.v}' } })],
          entry_points: [{ id: 'late', starts_at: 'c', preset_results: { a: { v: 7 } } }],
        },
        { entryPoint: 'late' },
      ).begin();
      expect([run.status('a'), run.status('b')]).toEqual(['skipped', 'skipped']);
      expect(run.tasks[0]?.values).toEqual({ 'steps.a.v': 7 });
      expect(run.machine.steps[0]?.result).toEqual({ v: 7 });
    });

    it('warns once of a variable that the run does not have', () => {
      const { machine } = new Driver({ steps: [note('a', '{env.X} and {env.X}')] }).begin();
      expect(machine.warnings).toEqual([expect.objectContaining({ code: 'MISSING_VARIABLE', step_id: 'a' })]);
    });

    it('takes ids like __proto__ for ordinary ones', () => {
      const run = new Driver({ steps: [tool('__proto__'), note('constructor', '{steps.__proto__.v}')] }).begin();
      run.done('__proto__', { v: 'yes' });
      expect(Object.keys(snapshotOf(run.machine, IDENTITY).steps)).toEqual(['__proto__', 'constructor']);
      expect(run.machine.steps[1]?.result).toEqual({ message: 'yes' });
    });

    it('ends with the mapped output, or names the last step that is done', () => {
      const mapped = new Driver({ output: { got: '{steps.a.message}' }, steps: [note('a', 'hi')] }).begin();
      mapped.machine.end();
      expect(finalRecord(mapped.machine, IDENTITY).output).toEqual({ got: 'hi' });
      const plain = new Driver({ steps: [note('a', 'hi'), note('b', 'ho', { skip_if: '!input.nothing' })] });
      plain.begin().machine.end();
      expect(finalRecord(plain.machine, IDENTITY).output_from).toBe('a');
    });

    it('fails a step whose text doubles out of bounds, instead of the interpreter', () => {
      const steps = Array.from({ length: 40 }, (_, at) =>
        note(`n${at}`, at === 0 ? 'x'.repeat(1000) : `{steps.n${at - 1}.message}{steps.n${at - 1}.message}`),
      );
      expect(new Driver({ steps }).begin().machine.failure).toMatchObject({ code: 'RESULT_TOO_LARGE', step: 11 });
    });

    it('leaves out the largest results of an end that would not fit', () => {
      const run = new Driver({ steps: [tool('big'), tool('small')] }).begin();
      run.done('big', 'x'.repeat(1_200_000)).done('small', { v: 1 });
      run.machine.end();
      const { steps } = finalRecord(run.machine, IDENTITY).snapshot;
      expect(steps['big']?.result_omitted).toBe(1_200_002);
      expect(steps['small']?.result).toEqual({ v: 1 });
    });
  });

  describe('failure control', () => {
    const after = (id: string, more: JsonObject = {}): JsonObject => ({ depends_on: [id], ...more });

    it('goes on behind a step that fails with on_error: continue, which sees the error', () => {
      const run = new Driver({ steps: [tool('a', { on_error: 'continue' }), note('b', '{steps.a.error}', after('a'))] }).begin();
      run.fail('a', 'no luck');
      expect(run.machine.status).toBe('completed');
      expect(run.machine.steps[1]?.result).toEqual({ message: 'no luck' });
    });

    it('runs a failure handler and then what runs always, leaves the rest unreached, and still fails', () => {
      const run = new Driver({
        steps: [
          tool('a'),
          tool('next', after('a')),
          tool('undo', after('a', { run_on: 'failure' })),
          tool('last', { run_on: 'always' }),
        ],
      }).begin();
      run.fail('a');
      expect(run.running).toEqual(['undo']);
      run.done('undo');
      expect(run.running).toEqual(['last']);
      run.done('last');
      expect(run.machine.status).toBe('failed');
      expect(run.status('next')).toBe('pending');
      expect(run.machine.failure).toMatchObject({ step: 0 });
    });

    it('skips failure handlers when nothing failed', () => {
      const run = new Driver({
        steps: [tool('a'), tool('undo', after('a', { run_on: 'failure' })), tool('any', { run_on: 'failure' }), tool('b', after('undo'))],
      }).begin();
      run.done('a');
      expect([run.status('undo'), run.running]).toEqual(['skipped', ['b']]);
      run.done('b');
      expect(run.status('any')).toBe('skipped');
      expect(run.machine.status).toBe('completed');
    });

    it('starts compensation only when what still runs beside the failure has ended, if it stands behind it', () => {
      const run = new Driver({
        steps: [tool('a', parallel), tool('b', parallel), tool('undo', { run_on: 'failure', depends_on: ['a', 'b'] })],
      }).begin();
      run.fail('a');
      expect(run.running).toEqual(['b']);
      expect(run.done('b').running).toEqual(['undo']);
    });

    it('gives up waiting and blocked steps when the run fails', () => {
      const run = new Driver({ steps: [tool('a', parallel), wait('w', parallel), tool('d', { requires: [{ skill: 'x:y' }], ...parallel })] });
      run.missing.add('x:y');
      run.begin();
      run.fail('a');
      expect(run.machine.status).toBe('failed');
      expect([run.status('w'), run.status('d')]).toEqual(['pending', 'pending']);
    });

    it('runs steps that run always after a cancel, and nothing else', () => {
      const run = new Driver({ steps: [tool('a'), tool('b'), tool('clean', { run_on: 'always' })] }).begin();
      cancel(run.machine);
      run.machine.fail(0, { code: 'RUN_CANCELED', message: 'canceled' });
      run.turn();
      expect(run.running).toEqual(['clean']);
      run.done('clean');
      expect(run.machine.status).toBe('canceled');
    });

    it('holds a failed run until the step is retried with a new idempotency key', () => {
      const run = new Driver({ on_failure: 'hold', steps: [tool('a'), tool('b')] }).begin();
      run.fail('a');
      expect(run.machine.status).toBe('paused');
      expect(run.machine.paused?.by).toBe('failure');
      retry(run.machine, 'a');
      expect(run.turn().running).toEqual(['a']);
      expect(run.tasks.at(-1)?.rerun).toBe(1);
      run.done('a').done('b');
      expect(run.machine.status).toBe('completed');
      expect(run.machine.counts).toEqual({ done: 2, failed: 0, skipped: 0 });
    });

    it('lets a held step be skipped with a result, or the run be given up', () => {
      const skipped = new Driver({ on_failure: 'hold', steps: [tool('a'), note('b', '{steps.a.v}')] }).begin().fail('a');
      skip(skipped.machine, 'a', { v: 'by hand' });
      skipped.turn();
      expect(skipped.machine.steps[1]?.result).toEqual({ message: 'by hand' });
      const given = new Driver({ on_failure: 'hold', steps: [tool('a'), tool('b')] }).begin().fail('a');
      resume(given.machine);
      expect(given.turn().machine.status).toBe('failed');
    });

    it('tells of the hold once, and of the step that it is for', () => {
      const run = new Driver({ on_failure: 'hold', steps: [tool('a', parallel), tool('b', parallel)] }).begin().fail('a').fail('b');
      const told = () => run.machine.log.newest(100).flatMap(({ event, fields }) => (/^run_|failed/.test(event) ? [{ event, ...fields }] : []));
      expect(told()).toMatchObject([
        { event: 'step_failed', held: true },
        { event: 'run_paused', by: 'failure' },
        { event: 'step_failed', held: true },
      ]);
      retry(run.machine, 'a');
      expect(run.turn().running).toEqual([]);
      skip(run.machine, 'b', undefined);
      expect(told().at(-1)).toEqual({ event: 'run_resumed' });
      expect(run.turn().running).toEqual(['a']);
    });

    it('holds on when its user ends a pause during which a step failed', () => {
      const run = new Driver({ on_failure: 'hold', steps: [tool('a'), tool('b')] }).begin();
      pause(run.machine);
      run.fail('a');
      resume(run.machine);
      expect([run.machine.paused?.by, heldUnits(run.machine, 'a').length > 0]).toEqual(['failure', true]);
      resume(run.machine);
      expect(run.turn().machine.status).toBe('failed');
    });
  });

  describe('pause and delay', () => {
    const delay = (id: string, secs: number, more: JsonObject = {}): Steps[number] =>
      ({ id, kind: { type: 'delay', secs }, ...more }) as unknown as Steps[number];

    it('starts nothing new while paused, keeps what runs, and goes on where it was', () => {
      const run = new Driver({ steps: [tool('a'), tool('b')] }).begin();
      pause(run.machine);
      run.done('a');
      expect([run.machine.status, run.running]).toEqual(['paused', []]);
      resume(run.machine);
      expect(run.turn().running).toEqual(['b']);
    });

    it('takes answers while paused', () => {
      const run = new Driver({ steps: [wait('w'), tool('b')] }).begin();
      pause(run.machine);
      run.machine.answer('w', 1);
      expect(run.turn().running).toEqual([]);
      resume(run.machine);
      expect(run.turn().running).toEqual(['b']);
    });

    it('ends a delay at its time; a short one holds back sequential steps, a long parallel one does not', () => {
      const short = new Driver({ steps: [delay('d', 60, parallel), tool('s')] }).begin();
      expect(short.running).toEqual([]);
      expect(short.machine.deadlines.get(0)).toBe(61_000);
      short.machine.now = 61_000;
      short.machine.timeUp(0);
      expect(short.turn().running).toEqual(['s']);
      expect(short.machine.steps[0]?.result).toEqual({ until: '1970-01-01T00:01:01.000Z' });
      expect(new Driver({ steps: [delay('d', 61, parallel), tool('s')] }).begin().running).toEqual(['s']);
      expect(new Driver({ steps: [delay('d', 61), tool('s')] }).begin().running).toEqual([]);
    });

    it('fails a wait that lasts too long', () => {
      const run = new Driver({ steps: [wait('w', { timeout_secs: 5 })] }).begin();
      run.machine.timeUp(0);
      expect(run.turn().machine.failure).toMatchObject({ code: 'TIMED_OUT' });
    });

    it('skips a pending, waiting or blocked step at its user’s word', () => {
      const run = new Driver({ steps: [wait('w'), tool('b'), tool('c')] }).begin();
      expect(isSkippable(run.machine, 'b')).toBe(true);
      skip(run.machine, 'b', { v: 1 });
      skip(run.machine, 'w', undefined);
      expect(run.turn().running).toEqual(['c']);
      expect(isSkippable(run.machine, 'c')).toBe(false);
    });
  });

  describe('fan-out', () => {
    const each = (id: string, forEach: JsonObject, more: JsonObject = {}): Steps[number] =>
      tool(id, { for_each: { items: '{input.rows}', ...forEach }, input: { v: '{item.v}' }, ...more });
    const rows = (count: number): { input: JsonObject } => ({ input: { rows: Array.from({ length: count }, (_, v) => ({ v })) } });
    const elements = (run: Driver): (number | undefined)[] => [...run.machine.running].map((index) => run.machine.unit(index)?.element);
    const items = (run: Driver, id: string) => snapshotOf(run.machine, IDENTITY).steps[id]?.items;

    it('runs the kind once per element with its values, keeps the order, and gives the list of results', () => {
      const run = new Driver({ steps: [each('e', { as: 'row' }, { input: { v: '{item.v}', at: '{item.index}', row: '{row.v}', nth: '{row_index}' } }), note('n', '{steps.e.1.ok}')] }, rows(3)).begin();
      expect(elements(run)).toEqual([0, 1, 2]);
      expect(run.tasks[1]).toMatchObject({ step_id: 'e', index: 1, values: { 'item.v': 1, 'item.index': 1, 'row.v': 1, row_index: 1 } });
      run.element('e', 2).element('e', 0).element('e', 1);
      expect(run.machine.steps[0]?.result).toEqual([{ ok: 0 }, { ok: 1 }, { ok: 2 }]);
      expect(run.machine.steps[1]?.result).toEqual({ message: '1' });
      expect(items(run, 'e')).toEqual({ total: 3, done: 3, failed: 0, running: 0 });
    });

    it('runs at most `concurrency` elements at once', () => {
      const run = new Driver({ steps: [each('e', { concurrency: 2 })] }, rows(4)).begin();
      expect(elements(run)).toEqual([0, 1]);
      expect(elements(run.element('e', 1))).toEqual([0, 2]);
      expect(elements(run.element('e', 0).element('e', 2))).toEqual([3]);
    });

    it("is bounded by the run's concurrency, too", () => {
      const run = new Driver({ concurrency: 3, steps: [each('e', {}, parallel), tool('p', parallel)] }, rows(5)).begin();
      expect(run.machine.running.size).toBe(3);
    });

    it('gives an empty list for an empty one, and fails on what is no list', () => {
      const run = new Driver({ steps: [each('e', {}), tool('b')] }, rows(0)).begin();
      expect([run.machine.steps[0]?.result, run.running]).toEqual([[], ['b']]);
      const wrong = new Driver({ steps: [each('e', {})] }, { input: { rows: 7 } }).begin();
      expect(wrong.machine.failure).toMatchObject({ code: 'BAD_ITEMS', message: expect.stringContaining('of type number') as string });
    });

    it('starts nothing more when an element fails, keeps what runs, and fails naming the element', () => {
      const run = new Driver({ steps: [each('e', { concurrency: 2 }), tool('b')] }, rows(4)).begin();
      run.failElement('e', 1, 'no luck');
      expect(elements(run)).toEqual([0]);
      run.element('e', 0);
      expect(run.machine.failure).toMatchObject({ code: 'TOOL_FAILED', message: 'Element 1 of 4 failed: no luck', step: 0 });
      expect(items(run, 'e')).toEqual({ total: 4, done: 1, failed: 1, running: 0, failures: [{ index: 1, error: 'no luck', error_code: 'TOOL_FAILED' }] });
    });

    it.each<JsonObject>([{}, { on_error: 'continue' }])('is not done when a cancel cuts off its elements (%o), so that a rerun runs it again', (forEach) => {
      const run = new Driver({ steps: [each('e', forEach)] }, rows(3)).begin();
      run.element('e', 0);
      cancel(run.machine);
      for (const index of [...run.machine.running]) run.machine.fail(index, { code: 'RUN_CANCELED', message: 'The run was canceled' });
      run.turn();
      expect([run.machine.status, run.machine.steps[0]?.status]).toEqual(['canceled', 'failed']);
      expect(run.machine.steps[0]?.error).toBe('Element 1 of 3 failed: The run was canceled');
    });

    it('keeps the good ones with on_error: continue, and puts errors in their places', () => {
      const run = new Driver({ steps: [each('e', { on_error: 'continue' })] }, rows(3)).begin();
      run.failElement('e', 1, 'no luck').element('e', 0).element('e', 2);
      expect(run.machine.status).toBe('completed');
      expect(run.machine.steps[0]?.result).toEqual([{ ok: 0 }, { error: 'no luck', error_code: 'TOOL_FAILED' }, { ok: 2 }]);
    });

    it('lets dependents go on with the error when the step says on_error: continue', () => {
      const run = new Driver({ steps: [each('e', {}, { on_error: 'continue' }), note('n', '{steps.e.error}', { depends_on: ['e'] })] }, rows(1)).begin();
      run.failElement('e', 0, 'no luck');
      expect(run.machine.steps[1]?.result).toEqual({ message: 'Element 0 of 1 failed: no luck' });
    });

    it('holds for one element, which is retried alone', () => {
      const run = new Driver({ on_failure: 'hold', steps: [each('e', {})] }, rows(3)).begin();
      run.element('e', 0).failElement('e', 1, 'no luck').element('e', 2);
      expect([run.machine.status, items(run, 'e')?.failures]).toEqual(['paused', [{ index: 1, error: 'no luck', error_code: 'TOOL_FAILED', held: true }]]);
      expect(heldUnits(run.machine, 'e', 0)).toEqual([]);
      retry(run.machine, 'e', 1);
      expect(elements(run.turn())).toEqual([1]);
      expect(run.tasks.at(-1)).toMatchObject({ index: 1, rerun: 1 });
      expect(run.element('e', 1).machine.steps[0]?.result).toEqual([{ ok: 0 }, { ok: 1 }, { ok: 2 }]);
    });

    it('lets one held element be skipped with a result, and all of them be retried at once', () => {
      const run = new Driver({ on_failure: 'hold', steps: [each('e', {})] }, rows(3)).begin();
      run.failElement('e', 0).failElement('e', 1).failElement('e', 2);
      skip(run.machine, 'e', { by: 'hand' }, 1);
      expect(elements(run.turn())).toEqual([]);
      retry(run.machine, 'e');
      expect(elements(run.turn())).toEqual([0, 2]);
      run.element('e', 0).element('e', 2);
      expect(run.machine.steps[0]?.result).toEqual([{ ok: 0 }, { by: 'hand' }, { ok: 2 }]);
    });

    it('is given up with its failure when the run does not hold on', () => {
      const run = new Driver({ on_failure: 'hold', steps: [each('e', {}, parallel), tool('b', parallel)] }, rows(2)).begin();
      run.failElement('e', 0, 'no luck').element('e', 1).fail('b');
      resume(run.machine);
      run.turn();
      expect(run.machine.status).toBe('failed');
      expect(run.machine.steps.map(({ status }) => status)).toEqual(['failed', 'failed']);
    });

    it('asks for each element, whose answers are its results', () => {
      const ask = { ...wait('w'), for_each: { items: '{input.rows}' }, kind: { type: 'wait_for_input', message: 'For {item.v}?' } } as Steps[number];
      const run = new Driver({ steps: [ask, tool('b')] }, rows(2)).begin();
      expect([run.machine.status, snapshotOf(run.machine, IDENTITY).steps['w']?.status]).toEqual(['paused', 'waiting_for_input']);
      expect(run.machine.waitingStep('w')).toBeUndefined();
      expect(run.machine.waitingStep('w', 1)).toMatchObject({ message: 'For 1?' });
      run.machine.answer('w', 'yes', 1);
      run.turn();
      expect(items(run, 'w')?.waiting).toEqual([{ index: 0, message: 'For 0?' }]);
      run.machine.answer('w', 'no', 0);
      expect([run.turn().machine.steps[0]?.result, run.running]).toEqual([['no', 'yes'], ['b']]);
    });

    it('chooses a branch for each element', () => {
      const kind = { type: 'condition', expression: '{item.v} == 1', if_true: { type: 'tool_call', tool_name: 'echo' }, if_false: { type: 'checkpoint', message: 'no {item.v}' } };
      const run = new Driver({ steps: [{ id: 'c', kind, for_each: { items: '{input.rows}' } } as unknown as Steps[number]] }, rows(3)).begin();
      expect(elements(run)).toEqual([1]);
      expect(run.element('c', 1).machine.steps[0]?.result).toEqual([{ message: 'no 0' }, { ok: 1 }, { message: 'no 2' }]);
    });

    it('blocks as a step, and goes on when what it lacks appears', () => {
      const run = new Driver({ steps: [each('e', {}, { requires: [{ skill: 'google:drive' }] }), tool('b')] }, rows(3));
      run.missing.add('google:drive');
      run.begin();
      expect(snapshotOf(run.machine, IDENTITY).steps['e']).toMatchObject({ status: 'blocked', missing: ['google:drive'] });
      expect(run.done('b').machine.status).toBe('blocked');
      expect(run.events.filter((event) => event.startsWith('step_blocked'))).toEqual(['step_blocked e']);
      run.missing.clear();
      run.machine.recheck();
      expect(elements(run.turn())).toEqual([0, 1, 2]);
      expect(run.events.filter((event) => event.startsWith('step_unblocked'))).toEqual(['step_unblocked e']);
    });

    it('takes its turn as the sequential step that it is', () => {
      const run = new Driver({ steps: [tool('a'), each('e', { concurrency: 1 }), tool('b')] }, rows(2)).begin();
      expect(run.running).toEqual(['a']);
      expect(elements(run.done('a'))).toEqual([0]);
      expect(elements(run.element('e', 0))).toEqual([1]);
      expect(run.element('e', 1).running).toEqual(['b']);
    });

    it('is left unreached, with what it has done, when another step fails', () => {
      const run = new Driver({ steps: [each('e', { concurrency: 1 }, parallel), tool('b', parallel)] }, rows(3)).begin();
      run.element('e', 0).fail('b');
      expect(run.machine.status).toBe('running');
      run.element('e', 1);
      expect([run.machine.status, run.status('e'), items(run, 'e')]).toEqual(['failed', 'pending', { total: 3, done: 2, failed: 0, running: 0 }]);
    });

    it('tells of its progress at most a hundred times', () => {
      const steps = [{ ...note('n', '{item.v}'), for_each: { items: '{input.rows}' } }, each('e', {})] as Steps;
      const run = new Driver({ steps }, rows(400)).begin();
      for (let element = 0; element < 400; element += 1) run.element('e', element);
      const told = run.events.filter((event) => event.startsWith('step_progress'));
      expect(told.length).toBeGreaterThan(50);
      expect(told.length).toBeLessThanOrEqual(100);
      expect(run.machine.status).toBe('completed');
    });

    it('settles 10,000 pure elements in one turn', () => {
      const run = new Driver({ steps: [{ ...note('n', '{item.v}'), for_each: { items: '{input.rows}' } }] as Steps }, rows(10_000)).begin();
      expect(run.machine.status).toBe('completed');
      expect((run.machine.steps[0]?.result as JsonValue[])[9_999]).toEqual({ message: '9999' });
    });
  });

  describe('fan-outs of a run that fails', () => {
    const pair = (): Driver =>
      new Driver({ steps: [tool('a', { execution: 'parallel' }), tool('e', { execution: 'parallel', for_each: { items: [1, 2] } })] as Steps }).begin();

    it('fail too when an element of theirs fails meanwhile, though all others are done', () => {
      const run = pair().element('e', 0).fail('a').failElement('e', 1);
      expect([run.machine.status, run.status('e'), run.machine.steps[1]?.error]).toEqual(['failed', 'failed', 'Element 1 of 2 failed: broken']);
    });

    it('are done when all that runs of them still succeeds', () => {
      const run = pair().element('e', 0).fail('a').element('e', 1);
      expect([run.status('e'), run.machine.steps[1]?.result]).toEqual(['done', [{ ok: 0 }, { ok: 1 }]]);
    });
  });

  describe('children', () => {
    const child = (id: string, more: JsonObject = {}, kind: JsonObject = {}): Steps[number] =>
      ({ id, kind: { type: 'workflow', workflow_id: 'inner', ...kind }, ...more }) as unknown as Steps[number];
    const completed = (output: JsonValue) => ({ status: 'completed', output }) as const;

    it('starts a run with its input, whose output is the result', () => {
      const steps = [child('c', { input: { a: '{input.x}', b: 1 } }, { input: { b: 2 }, version: 3, entry_point: 'late' }), note('n', '{steps.c.y}')];
      const run = new Driver({ steps }, { input: { x: 7 } }).begin();
      expect(run.started[0]?.child).toEqual({ run_id: 'c', workflow_id: 'inner', version: 3, entry_point: 'late', input: { a: 7, b: 2 } });
      childEnded(run.machine, 'c', completed({ y: 'yes' }));
      expect(run.turn().machine.steps[1]?.result).toEqual({ message: 'yes' });
    });

    it('counts as running until it is paused or blocked, and shows what it waits for', () => {
      const run = new Driver({ steps: [child('c', parallel), tool('s')] }).begin();
      expect(run.running).toEqual([]);
      childChanged(run.machine, { run_id: 'c', status: 'blocked', missing: ['a:b'] });
      expect(run.turn().running).toEqual(['s']);
      run.done('s');
      expect([run.machine.status, run.machine.missing()]).toEqual(['blocked', ['a:b']]);
      const waiting = [{ run_id: 'c', step_id: 'ask', message: 'Well?' }];
      childChanged(run.machine, { run_id: 'c', status: 'paused', waiting });
      expect(run.turn().machine.status).toBe('paused');
      expect(snapshotOf(run.machine, IDENTITY).steps['c']).toMatchObject({ status: 'waiting_for_input', child: { run_id: 'c', waiting } });
      childEnded(run.machine, 'c', completed(1));
      expect(run.turn().machine.status).toBe('completed');
    });

    it('holds back later sequential steps while a sequential one is paused', () => {
      const run = new Driver({ steps: [child('c'), tool('s')] }).begin();
      childChanged(run.machine, { run_id: 'c', status: 'paused' });
      expect(run.turn().running).toEqual([]);
    });

    it('fails with the failure of the child, and is run again under another id', () => {
      const run = new Driver({ on_failure: 'hold', steps: [child('c')] }).begin();
      childEnded(run.machine, 'c', { status: 'failed', failure: { code: 'TOOL_FAILED', message: "Run 'c' failed: Step 'x' failed: no" } });
      expect(run.turn().machine.paused?.by).toBe('failure');
      retry(run.machine, 'c');
      expect(run.turn().started.at(-1)?.child?.run_id).toBe('c#1');
    });

    it('is canceled when the run fails, which is over when it has ended', () => {
      const run = new Driver({ steps: [child('c', parallel), tool('a', parallel)] }).begin();
      run.fail('a');
      expect([run.machine.over, run.machine.steps[0]?.child?.ending?.code]).toEqual([false, 'RUN_CANCELED']);
      childEnded(run.machine, 'c', { status: 'canceled', failure: { code: 'RUN_CANCELED', message: 'canceled' } });
      expect(run.turn().machine.status).toBe('failed');
    });

    it('is canceled when it takes too long', () => {
      const run = new Driver({ steps: [child('c', { timeout_secs: 5 })] }).begin();
      run.machine.timeUp(0);
      expect(run.machine.over).toBe(false);
      childEnded(run.machine, 'c', { status: 'canceled', failure: { code: 'RUN_CANCELED', message: 'canceled' } });
      expect(run.turn().machine.failure).toMatchObject({ code: 'TIMED_OUT' });
    });

    it('runs once per element of a fan-out, within its limit', () => {
      const run = new Driver({ steps: [child('c', { for_each: { items: [1, 2, 3], concurrency: 2 }, input: { n: '{item}' } })] }).begin();
      expect(run.started.map((start) => [start.child?.run_id, start.child?.input])).toEqual([['c[0]', { n: 1 }], ['c[1]', { n: 2 }]]);
      childEnded(run.machine, 'c[0]', completed('a'));
      run.turn();
      expect(run.started.at(-1)?.child?.run_id).toBe('c[2]');
      childEnded(run.machine, 'c[2]', completed('c'));
      childEnded(run.machine, 'c[1]', completed('b'));
      expect(run.turn().machine.steps[0]?.result).toEqual(['a', 'b', 'c']);
    });

    it('is refused an input that is no object', () => {
      const run = new Driver({ steps: [child('c', { input: '{input.x}' })] }, { input: { x: [1] } }).begin();
      expect(run.machine.failure).toMatchObject({ code: 'INVALID_INPUT' });
    });

    it('is not paused twice: its user’s pause outlives that of its parent', () => {
      const run = new Driver({ steps: [tool('a'), tool('b')] }).begin();
      pause(run.machine);
      pause(run.machine, 'parent');
      resume(run.machine, 'parent');
      expect(run.machine.paused?.by).toBe('user');
      resume(run.machine);
      pause(run.machine, 'parent');
      resume(run.machine, 'parent');
      expect(run.done('a').running).toEqual(['b']);
    });
  });

  it('cancels: nothing starts any more, and the run is over when what runs has ended', () => {
    const run = new Driver({ steps: [tool('a'), tool('b')] }).begin();
    cancel(run.machine);
    expect(run.machine.over).toBe(false);
    run.machine.fail(0, { code: 'RUN_CANCELED', message: 'canceled' });
    run.turn();
    expect(run.machine.status).toBe('canceled');
    expect(run.status('b')).toBe('pending');
  });
});
