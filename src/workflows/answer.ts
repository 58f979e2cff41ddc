import { ApplicationFailure } from '@temporalio/workflow';
import { Validator, type Schema } from '@cfworker/json-schema';
import type { Problem } from '../definition/errors.js';
import type { JsonValue } from '../definition/json.js';
import type { Answer } from '../definition/messages.js';
import { wellFormed } from '../definition/text.js';
import type { RunMachine } from './machine.js';

/**
 * The validator of the update `answer`.
 *
 * @throws ApplicationFailure of type `STEP_NOT_WAITING` or `ANSWER_REFUSED`, whose first detail is the list of problems
 */
export function checkAnswer(machine: RunMachine, { step_id, value }: Answer): void {
  const waiting = machine.waitingStep(step_id);
  if (!waiting) {
    throw ApplicationFailure.nonRetryable(
      wellFormed(`Step '${step_id}' not found or not in waiting_for_input state`),
      'STEP_NOT_WAITING',
    );
  }
  const problems = answerProblems(waiting.schema, value);
  if (problems.length === 0) return;
  const message = problems.map((problem) => `${problem.path}: ${problem.message}`).join('; ');
  throw ApplicationFailure.nonRetryable(wellFormed(message), 'ANSWER_REFUSED', problems);
}

/** What is wrong with an answer by the JSON Schema of its step; empty when it fits. */
export function answerProblems(schema: JsonValue | undefined, value: JsonValue): Problem[] {
  if (schema === undefined || schema === null || schema === true) return [];
  const { valid, errors } = new Validator(schema as Schema | boolean, '2020-12', false).validate(value);
  if (valid) return [];
  const leaves = errors.filter((error) => !errors.some((other) => other !== error && isBelow(other, error)));
  return leaves.map((error) => ({
    severity: 'error',
    code: 'ANSWER_REFUSED',
    path: pathOf(error.instanceLocation),
    message: error.error,
  }));
}

function isBelow(other: { keywordLocation: string }, error: { keywordLocation: string }): boolean {
  return other.keywordLocation.startsWith(`${error.keywordLocation}/`);
}

/** `#/notes/0` as `$.notes[0]`. */
function pathOf(pointer: string): string {
  return pointer
    .slice(1)
    .split('/')
    .slice(1)
    .reduce((path, part) => {
      const key = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
      if (/^\d+$/.test(key)) return `${path}[${key}]`;
      return /^[A-Za-z_$][\w$]*$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;
    }, '$');
}
