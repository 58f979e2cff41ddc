import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../src/client/index.js';
import { collect, openStage, type Stage } from './support/stage.js';
import { WellKnownTools } from './support/tools.js';

let stage: Stage;
const tools = new WellKnownTools();

beforeAll(async () => {
  stage = await openStage('large');
  await stage.worker({ tools: tools.list });
});
afterAll(async () => {
  await stage?.stop();
});

describe.concurrent('large documents', () => {
  // 10 MB of commands in one workflow task would make the server terminate the run.
  test('a hundred parallel steps with inputs of 100 KB each', async () => {
    const steps = Array.from({ length: 100 }, (_, index) => ({
      id: `s${index}`,
      execution: 'parallel',
      kind: { type: 'tool_call', tool_name: 'length' },
      input: { text: `${'{input.text}'}${index}` },
    }));
    const run = await stage.client.start({ id: 'wide', steps }, { input: { text: 'x'.repeat(100_000) }, executionTimeoutSecs: 200 });
    const snapshot = await run.result();
    expect(Object.values(snapshot.steps).map((step) => step.result)).toEqual(
      steps.map((_, index) => ({ length: 100_000 + String(index).length })),
    );
  });

  test('two thousand steps: pure ones in a chain, and calls here and there', async () => {
    const steps = Array.from({ length: 2_000 }, (_, index): JsonObject => ({
      id: `s${index}`,
      ...(index === 0 ? {} : { depends_on: [`s${index - 1}`] }),
      kind: index % 200 === 199 ? { type: 'tool_call', tool_name: 'add', input: { a: index, b: 1 } } : { type: 'checkpoint', message: `at ${index}` },
    }));
    const run = await stage.client.start({ id: 'long', steps }, { executionTimeoutSecs: 200 });
    const snapshot = await run.result();
    expect(Object.values(snapshot.steps).every((step) => step.status === 'done')).toBe(true);
    expect(snapshot.output).toEqual({ sum: 2_000 });
    expect(Object.keys(snapshot.steps)).toEqual(steps.map((step) => step.id));
    expect((await run.describe()).history_events).toBeLessThan(120);
  });

  test('two thousand parallel pure steps behind one, in front of one', async () => {
    const middle = Array.from({ length: 2_000 }, (_, index) => `m${index}`);
    const steps: JsonObject[] = [
      { id: 'last', depends_on: middle, kind: { type: 'checkpoint', message: '{steps.m1999.message}' } },
      ...middle.map((id) => ({ id, depends_on: ['first'], execution: 'parallel', kind: { type: 'checkpoint', message: `${id} {steps.first.message}` } })),
      { id: 'first', kind: { type: 'checkpoint', message: 'go' } },
    ];
    const run = await stage.client.start({ id: 'hourglass', steps }, { executionTimeoutSecs: 200 });
    expect((await run.result()).steps.last?.result).toEqual({ message: 'm1999 go' });
    // The newest thousand entries of an ended run, behind a snapshot.
    const events = await collect(run.events());
    expect(events[0]).toMatchObject({ event: 'snapshot', snapshot: { status: 'completed' } });
    expect(events).toHaveLength(1_001);
  });
});
