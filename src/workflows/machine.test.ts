import { describe, expect, it } from 'vitest';
import { Driver, IDENTITY, inEachExecution, note, parallel, tool, wait, type Steps } from '../../test/support/machine-driver.js';
import { eventsAfter, finalRecord, snapshotOf } from './observe.js';
import { cancel } from './steer.js';

inEachExecution(() => {
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

    it('says why skills are missing, what is known of each, and that it is another reason by now', () => {
      const both = tool('a', { requires: [{ skill: 'google:drive' }, { skill: 'acme:crm' }] });
      const run = new Driver({ steps: [both, tool('b', { ...parallel, ...drive, for_each: { items: [1, 2] } })] });
      run.missing.add('google:drive').add('acme:crm');
      run.reasons = { 'google:drive': 'lacks the permission read' };
      run.begin();
      const told = { 'google:drive': 'lacks the permission read' };
      const snapshot = snapshotOf(run.machine, IDENTITY);
      expect(snapshot).toMatchObject({ status: 'blocked', missing: ['acme:crm', 'google:drive'], missing_reasons: told });
      expect([snapshot.steps['a']?.missing_reasons, snapshot.steps['b']?.missing_reasons]).toEqual([told, told]);
      const events = eventsAfter(run.machine, 0).events.filter(({ event }) => event === 'step_blocked');
      expect(events).toMatchObject([{ missing_reasons: told }, { missing_reasons: told }]);
      run.reasons = { 'google:drive': 'expired' };
      run.machine.recheck();
      run.turn();
      expect(snapshotOf(run.machine, IDENTITY).missing_reasons).toEqual({ 'google:drive': 'expired' });
      run.missing.clear();
      run.machine.recheck();
      run.turn();
      expect(JSON.stringify(snapshotOf(run.machine, IDENTITY))).not.toContain('missing_reasons');
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

    const agent = { id: 'a', queue_timeout_secs: 5, kind: { type: 'agent_run', prompt: 'hi' } } as unknown as Steps[number];

    it('fails a step that is blocked for want of a worker for longer than its queue_timeout_secs', () => {
      const run = new Driver({ steps: [agent] });
      run.missing.add('native:agent');
      run.begin();
      expect([run.machine.status, run.machine.deadlines.get(0)]).toEqual(['blocked', 6_000]);
      run.machine.now = 3_000;
      run.machine.recheck();
      run.turn();
      expect([run.machine.status, run.machine.deadlines.get(0)]).toEqual(['blocked', 6_000]);
      run.machine.now = 6_000;
      run.machine.timeUp(0);
      expect(run.turn().machine.status).toBe('failed');
      expect(run.machine.failure).toMatchObject({ code: 'QUEUE_TIMED_OUT', message: expect.stringContaining('native:agent') as string });
    });

    it('fails a step whose worker is missing though a tool of it is not known either', () => {
      const run = new Driver({ steps: [tool('a', { ...drive, queue_timeout_secs: 1 })] });
      run.missing.add('google:drive');
      run.unknownTools.add('echo');
      run.begin();
      expect(run.machine.deadlines.get(0)).toBe(2_000);
    });

    it('adds up the time of several blocks, and starts anew once a worker had the step', () => {
      const run = new Driver({ steps: [agent] });
      run.missing.add('native:agent');
      run.begin();
      run.machine.now = 4_000;
      run.missing.clear();
      run.machine.recheck();
      expect(run.turn().running).toEqual(['a']);
      expect([run.machine.deadlines.size, run.machine.steps[0]?.lackedWorker]).toEqual([0, { before: 3_000 }]);
      run.missing.add('native:agent');
      run.machine.requeue(0);
      run.turn();
      expect(run.machine.deadlines.get(0)).toBe(run.machine.now + 5_000);
    });

    it('lets a step wait for its connection for as long as it takes', () => {
      const run = new Driver({ steps: [tool('a', { ...drive, queue_timeout_secs: 1 })] });
      run.missing.add('google:drive');
      run.begin();
      expect([run.machine.status, run.machine.deadlines.size]).toEqual(['blocked', 0]);
    });

    it('keeps the block of a run that began before time in blocks counted', () => {
      const run = new Driver({ steps: [agent] }, { patched: () => false });
      run.missing.add('native:agent');
      run.begin();
      expect([run.machine.status, run.machine.deadlines.size]).toEqual(['blocked', 0]);
    });

    it('fails elements of a fan-out, and an agent step that runs on failure, by their queue_timeout_secs', () => {
      const last = { ...agent, id: 'z', run_on: 'failure' } as unknown as Steps[number];
      const run = new Driver({ steps: [{ ...agent, for_each: { items: [1, 2] } }, last] });
      run.missing.add('native:agent');
      run.begin();
      for (let turn = 0; turn < 3 && run.machine.deadlines.size > 0; turn += 1) {
        run.machine.now += 5_000;
        for (const index of [...run.machine.deadlines.keys()]) run.machine.timeUp(index);
        run.turn();
      }
      expect(run.machine.status).toBe('failed');
      expect([run.status('a'), run.status('z')]).toEqual(['failed', 'failed']);
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

    it('never fails for a connection that its worker misses: the first time it is looked for at once, then it waits', () => {
      const run = new Driver({ steps: [tool('a', drive)] }).begin();
      const miss = (revision?: string): void => {
        const rejection = { skill: 'google:drive', ...(revision === undefined ? {} : { revision }) };
        run.machine.reject(0, rejection, { code: 'CONNECTION_MISSING', message: 'cannot be read' });
        run.turn();
      };
      miss();
      expect(run.running).toEqual(['a']);
      for (let times = 2; times <= 12; times += 1) {
        miss(times % 2 === 0 ? 'old' : undefined);
        expect([run.status('a'), run.machine.missing()]).toEqual(['blocked', ['google:drive']]);
        expect(run.machine.awaited()?.check.requirements).toEqual([expect.objectContaining({ skill: 'google:drive', missed: times })]);
        run.machine.recheck(times % 2 === 0 ? new Set(['google:drive']) : undefined);
        expect(run.turn().running).toEqual(['a']);
      }
      expect(run.done('a').machine.status).toBe('completed');
    });

    it('counts what is missing as rejected in a run that did so before', () => {
      const run = new Driver({ steps: [tool('a', drive)] }, { patched: () => false }).begin();
      for (let times = 1; times <= 5; times += 1) {
        run.machine.reject(0, { skill: 'google:drive' }, { code: 'CONNECTION_MISSING', message: 'gone' });
        run.turn();
      }
      expect(run.machine.failure).toMatchObject({ code: 'CONNECTION_MISSING' });
    });

    it('waits, too, for the model that a worker of agents lacks', () => {
      const agent = { id: 'a', kind: { type: 'agent_run' as const, agent_id: 'x', prompt: 'p' } } as Steps[number];
      const run = new Driver({ steps: [agent] }).begin();
      for (let times = 1; times <= 2; times += 1) {
        expect(run.running).toEqual(['a']);
        run.machine.reject(0, { skill: 'native:agent' }, { code: 'CONNECTION_MISSING', message: 'no model' });
        run.turn();
      }
      expect([run.status('a'), run.machine.missing()]).toEqual(['blocked', ['native:agent']]);
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

    it('warns once of a reference without a value in what a step works with, not in what it decides', () => {
      const { machine } = new Driver({
        steps: [
          note('a', '{input.x} and {input.x} and {other.x}', { skip_if: 'input.gone' }),
          tool('b', { depends_on: ['a'], for_each: { items: [{ mail: 'a' }, {}, {}], as: 'row' }, input: { to: '{row.mail}', from: '{context.me}' } }),
        ],
      }).begin();
      expect(machine.warnings).toEqual([
        expect.objectContaining({ code: 'MISSING_VALUE', step_id: 'a', message: '{input.x} has no value; it stays as written' }),
        expect.objectContaining({ code: 'MISSING_VALUE', step_id: 'b', message: expect.stringContaining('{context.me}') as string }),
        expect.objectContaining({ code: 'MISSING_VALUE', step_id: 'b', message: expect.stringContaining('{row.mail}') as string }),
      ]);
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
