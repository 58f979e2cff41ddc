import { ApplicationFailure } from '@temporalio/activity';
import { describe, expect, test } from 'vitest';
import { DistriError } from '../definition/errors.js';
import { createEngineActivities } from './engine.js';

const definition = {
  id: 'hello',
  input_schema: { type: 'object', required: ['name'], properties: { name: { type: 'string' } } },
  steps: [{ id: 'say', kind: { type: 'checkpoint', message: 'Hello {input.name}' } }],
};

const engineActivities = createEngineActivities({ storage: false });
const check = (input: object) => engineActivities.check_definition(input);
const failure = async (input: object) => {
  const error: unknown = await check(input).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ApplicationFailure);
  return error as ApplicationFailure;
};

describe('check_definition', () => {
  test('gives the definition and its hash', async () => {
    const report = await check({ definition, input: { name: 'Ada' } });
    expect(report.definition).toMatchObject({ id: 'hello', steps: [{ id: 'say' }] });
    expect(report.definition_hash).toMatch(/^[0-9a-f]{64}$/);
  });

  test('tells a run that payloads may be stored outside its history', async () => {
    const report = await createEngineActivities({ storage: true }).check_definition({ definition, input: { name: 'Ada' } } as object);
    expect(report.storage).toBe(true);
  });

  test('fails for good with every problem of the definition', async () => {
    const steps = [...definition.steps, { id: 'say', kind: { type: 'unheard_of' } }];
    const refused = await failure({ definition: { ...definition, steps }, input: { name: 'Ada' } });
    expect(refused.nonRetryable).toBe(true);
    const problems = refused.details?.[0] as { code: string }[];
    expect(problems.map((problem) => problem.code).sort()).toEqual(['DUPLICATE_STEP_ID', 'UNKNOWN_KIND']);
    expect(problems.map((problem) => problem.code)).toContain(refused.type);
    expect(refused.message).toContain('$.steps[1]');
  });

  test.each([
    ['no definition at all', {}],
    ['an input that does not fit', { definition, input: { name: 7 } }],
    ['an entry point that does not exist', { definition, input: { name: 'Ada' }, entry_point: 'nowhere' }],
  ])('fails for good on %s', async (_what, input) => {
    const refused = await failure(input);
    expect(refused.nonRetryable).toBe(true);
    expect(refused.type).toMatch(/^[A-Z_]+$/);
  });

  test('fails to be tried again while the store does not answer', async () => {
    const workflows = { get: () => Promise.reject(new DistriError('STORE_UNAVAILABLE', 'The database does not answer')) };
    const refused = await createEngineActivities({ storage: false, workflows }).check_definition({ workflow: { id: 'kept' } }).catch((thrown: unknown) => thrown);
    expect(refused).toMatchObject({ type: 'STORE_UNAVAILABLE', nonRetryable: false });
  });

  test.each([
    ['the name by which it is run', 'hello'],
    ['its own id, which is another than its name', 'stored-1'],
  ])('refuses a workflow that is above already, by %s', async (_what, above) => {
    const workflows = { get: async () => ({ ...definition, id: 'stored-1' }) };
    const refused = await createEngineActivities({ storage: false, workflows })
      .check_definition({ workflow: { id: 'hello' }, input: { name: 'Ada' }, parent: { run_id: 'r', workflow_ids: [above] } })
      .catch((thrown: unknown) => thrown);
    expect(refused).toMatchObject({ type: 'TOO_DEEP', nonRetryable: true });
  });

  test('says what is wrong in well-formed text: Temporal shuts a worker down over a lone surrogate', async () => {
    const refused = await failure({ definition, input: { name: 'Ada' }, entry_point: 'a\ud800' });
    expect(/\p{Surrogate}/u.test(refused.message)).toBe(false);
  });
});

test('final_snapshot gives back its argument', async () => {
  const record = { snapshot: {}, input: {}, events: [] } as unknown as Parameters<typeof engineActivities.final_snapshot>[0];
  expect(await engineActivities.final_snapshot(record)).toBe(record);
});
