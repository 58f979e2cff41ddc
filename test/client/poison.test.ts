import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RunFailedError, type JsonObject, type JsonValue } from '../../src/client/index.js';
import { nestsWithin } from '../../src/definition/depth.js';
import { StepFailure } from '../../src/kinds/failure.js';
import { defineTool } from '../../src/worker/define-tool.js';
import { nastyText, nastyValue } from '../support/arbitraries.js';
import { sharedStage } from './stage.js';

interface Poison extends JsonObject {
  code: JsonValue;
  message: string;
  details: JsonValue;
  name: string;
  plain: boolean;
}

const stage = sharedStage({
  tools: [
    defineTool({
      name: 'poison',
      execute: (input) => {
        const { code, message, details, name, plain } = input as Poison;
        const failure = plain ? new Error(message) : new StepFailure(code as 'TOOL_FAILED', message, { retryable: false, details });
        failure.name = name;
        throw Object.assign(failure, plain ? { code, details } : {});
      },
    }),
    defineTool({
      name: 'unsendable',
      execute: () => {
        const details = { n: 1n, self: {} };
        details.self = details;
        throw new StepFailure('TOOL_FAILED', 'x', { retryable: true, retryAfterSecs: Number.NaN, details: details as unknown as JsonValue });
      },
    }),
  ],
});

async function failureOf(input: JsonObject, tool = 'poison'): Promise<RunFailedError> {
  const step = { id: 'p', kind: { type: 'tool_call', tool_name: tool }, input: '{input.poison}', retry: { max_attempts: 1 } };
  const run = await stage.client.start({ id: 'poison', steps: [step] }, { input: { poison: input }, executionTimeoutSecs: 200 });
  const error: unknown = await run.result().catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(RunFailedError);
  expect((error as RunFailedError).snapshot.steps['p']).toMatchObject({ status: 'failed', attempts: 1 });
  return error as RunFailedError;
}

test('a code with half of a surrogate pair fails the step, and no worker', async () => {
  await failureOf({ code: 'E_\ud83d', message: 'x', details: null, name: 'StepFailure', plain: false });
});

test('a failure that JSON cannot carry fails the step', async () => {
  await failureOf({}, 'unsendable');
});

test('whatever a tool throws fails its step, and the worker lives on', async () => {
  const text = fc.oneof(nastyText, fc.string({ unit: 'binary', maxLength: 30 }), fc.array(fc.constantFrom('\ud83d', '\ude00', 'a', 'é'), { maxLength: 8 }).map((parts) => parts.join('')));
  const value = nastyValue.filter((each) => nestsWithin(each, 40));
  const poison = fc.record({ code: fc.oneof(text, value), message: text, details: value, name: text, plain: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(poison, { minLength: 6, maxLength: 6 }), async (inputs) => {
      await Promise.all(inputs.map((input) => failureOf(input)));
    }),
    { numRuns: 10 },
  );
});
