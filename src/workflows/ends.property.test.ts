import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Driver, IDENTITY, inEachExecution } from '../../test/support/machine-driver.js';
import type { JsonObject } from '../definition/json.js';
import { validateWorkflow } from '../definition/parse.js';
import { childEnded } from './child.js';
import { snapshotOf } from './observe.js';
import { resume, retry } from './steer.js';

const IDS = ['a', 'b', 'c', 'd', 'e'];
const tool = (name: string): JsonObject => ({ type: 'tool_call', tool_name: name });
const KINDS: JsonObject[] = [
  { type: 'checkpoint', message: 'x' },
  tool('echo'),
  tool('nobody'),
  { type: 'wait_for_input', message: 'Well?', schema: {} },
  { type: 'delay', secs: 5 },
  { type: 'delay', secs: 500 },
  { type: 'workflow', definition: { steps: [{ id: 'x', kind: { type: 'checkpoint', message: 'x' } }] } },
  { type: 'condition', expression: '{input.yes}', if_true: tool('echo'), if_false: { type: 'wait_for_input', message: 'No?', schema: {} } },
  { type: 'condition', expression: '{input.no}', if_true: { type: 'checkpoint', message: 'x' } },
];
const rarely = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined, freq: 3 });
const oneOf = <T>(...values: T[]): fc.Arbitrary<T> => fc.constantFrom(...values);

const step = (id: string): fc.Arbitrary<JsonObject> =>
  fc
    .record({
      kind: oneOf(...KINDS),
      depends_on: rarely(fc.subarray(IDS, { maxLength: 2 })),
      execution: rarely(oneOf('parallel', 'sequential')),
      run_on: rarely(oneOf('success', 'failure', 'always')),
      skip_if: rarely(oneOf('{input.yes}', '{input.no}', '{steps.a}')),
      on_error: rarely(oneOf('continue', 'fail')),
      for_each: rarely(oneOf<JsonObject>({ items: [] }, { items: [1, 2, 3], concurrency: 1 }, { items: [1, 2], on_error: 'continue' }, { items: '{steps.a}' })),
      requires: rarely(oneOf([{ skill: 'there:now' }], [{ skill: 'not:there' }])),
    })
    .map((fields) => ({ id, ...(JSON.parse(JSON.stringify(fields)) as JsonObject) }));

const known = ({ depends_on: on, ...each }: JsonObject, ids: string[]): JsonObject =>
  Array.isArray(on) ? { ...each, depends_on: on.filter((id) => ids.some((other) => other === id && other !== each['id'])) } : { ...each };

const documents = fc
  .record({
    steps: fc.tuple(...IDS.map(step)),
    length: fc.integer({ min: 1, max: IDS.length }),
    on_failure: rarely(oneOf('hold')),
    concurrency: rarely(oneOf(1)),
    entry_points: rarely(oneOf(...IDS).map((id) => [{ id: 'in', label: 'In', starts_at: id }])),
  })
  .map(({ steps, length, ...more }) => ({ id: 'doc', steps: steps.slice(0, length).map((each) => known(each, IDS.slice(0, length))), ...(JSON.parse(JSON.stringify(more)) as JsonObject) }));

/** Lets one of the things happen that a run waits for; false when there is none. */
function happen({ machine }: Driver, pick: (count: number) => number): boolean {
  const { running, waiting, deadlines, held, children, paused } = machine;
  const named = (index: number): [string, number | undefined] => [machine.unit(index)?.step.id ?? '', machine.unit(index)?.element];
  const events = [
    ...[...running].flatMap((index) => [() => machine.succeed(index, { result: [index] }), () => machine.fail(index, { code: 'TOOL_FAILED', message: 'broken' })]),
    ...[...waiting].map((index) => () => machine.answer(named(index)[0], 'yes', named(index)[1])),
    ...[...deadlines].map(([index, at]) => () => ((machine.now = Math.max(machine.now, at)), machine.timeUp(index))),
    ...[...held].map((index) => () => retry(machine, ...named(index))),
    ...[...children.keys()].flatMap((id) => [
      () => childEnded(machine, id, { status: 'completed', output: null }),
      () => childEnded(machine, id, { status: 'failed', failure: { code: 'TOOL_FAILED', message: 'broken' } }),
    ]),
    ...(paused ? [() => resume(machine)] : []),
  ];
  events[pick(Math.max(1, events.length))]?.();
  return events.length > 0;
}

inEachExecution(() => {
  it('a document that is accepted ends, or waits for what its snapshot names', () => {
    let accepted = 0;
    const property = fc.property(documents, fc.infiniteStream(fc.nat()), (document, choices) => {
      const { definition } = validateWorkflow(document);
      if (!definition) return;
      accepted += 1;
      const entryPoint = definition.entry_points?.[0]?.id;
      const driver = new Driver({ ...definition, steps: definition.steps }, { input: { yes: true }, ...(entryPoint === undefined ? {} : { entryPoint }) });
      driver.missing.add('not:there');
      driver.unknownTools.add('nobody');
      driver.begin();
      let left = 300;
      while (left > 0 && !driver.machine.over && happen(driver, (count) => (choices.next().value ?? 0) % count)) {
        left -= 1;
        driver.turn();
      }
      // Steps that are tried again and again, by choice.
      if (left === 0) return;
      const { status, missing } = snapshotOf(driver.machine, IDENTITY);
      expect(driver.machine.over ? ['completed', 'failed'] : ['blocked']).toContain(status);
      if (!driver.machine.over) expect(missing).not.toEqual([]);
    });
    fc.assert(property, { numRuns: 1_500 });
    expect(accepted).toBeGreaterThan(200);
  });
});
