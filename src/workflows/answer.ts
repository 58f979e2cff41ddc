import type { ApplicationFailure } from '@temporalio/workflow';
import { Validator, type Schema } from '@cfworker/json-schema';
import type { Problem } from '../definition/errors.js';
import { isObject, own, type JsonValue } from '../definition/json.js';
import type { Answer } from '../definition/messages.js';
import { costProblem } from '../definition/check-cost.js';
import { refusal } from './handlers.js';

/** A wrong answer may be wrong in a hundred thousand places. */
const MOST_PROBLEMS = 100;
/** The validator of workflow code is slow, and compares each pair of elements that are to be unique. */
const LIMITS = { looks: 2_000_000, unique: 2_000 };

/** The refusal of an answer to a step, or an element of it, that does not wait. */
export function notWaiting({ step_id, index }: Answer): ApplicationFailure {
  return refusal('STEP_NOT_WAITING', `Step '${step_id}'${index === undefined ? '' : `, element ${index},`} not found or not in waiting_for_input state`);
}

/** The refusal of an answer that does not fit the schema of its step, with the problems as its first detail; undefined when it fits. */
export function answerRefusal(schema: JsonValue | undefined, value: JsonValue): ApplicationFailure | undefined {
  const problems = answerProblems(schema, value);
  if (problems.length === 0) return undefined;
  return refusal('ANSWER_REFUSED', problems.map((problem) => `${problem.path}: ${problem.message}`).join('; '), problems);
}

/** What is wrong with an answer by the JSON Schema of its step; empty when it fits. */
export function answerProblems(schema: JsonValue | undefined, value: JsonValue): Problem[] {
  if (schema === undefined || schema === null || schema === true) return [];
  const long = costProblem(schema, value, LIMITS);
  if (long !== undefined) return [{ severity: 'error', code: 'ANSWER_REFUSED', path: '$', message: `The answer ${long}` }];
  const { valid, errors } = validate(schema as Schema | boolean, value);
  if (valid) return [];
  const parents = parentsOf(new Set(errors.map((error) => error.keywordLocation)));
  const leaves = errors.filter((error) => !parents.has(error.keywordLocation));
  return leaves.slice(0, MOST_PROBLEMS).map((error) => ({
    severity: 'error',
    code: 'ANSWER_REFUSED',
    path: pathOf(error.instanceLocation),
    message: error.error,
  }));
}

/** The validator writes places as URIs, which half a surrogate pair in a key makes impossible, and it recurses. */
function validate(schema: Schema | boolean, value: JsonValue): ReturnType<Validator['validate']> {
  try {
    return new Validator(schema, draftOf(schema), false).validate(value);
  } catch (error) {
    const why = error instanceof URIError ? 'a key in it is not well-formed text' : String(error);
    const unit = { keyword: '', keywordLocation: '', instanceLocation: '#', error: `The answer cannot be checked: ${why}` };
    return { valid: false, errors: [unit] };
  }
}

/** Draft 7 by its `$schema`, or by its tuples (`items` as a list), which later drafts do not have. */
function draftOf(schema: Schema | boolean): '7' | '2020-12' {
  if (typeof schema === 'boolean') return '2020-12';
  if (schema.$schema !== undefined) return /draft-0[67]/.test(schema.$schema) ? '7' : '2020-12';
  return hasTuple(schema) ? '7' : '2020-12';
}

function hasTuple(part: JsonValue): boolean {
  if (typeof part !== 'object' || part === null) return false;
  return (isObject(part) && Array.isArray(own(part, 'items'))) || Object.values(part).some(hasTuple);
}

/** All places above these: what fails there fails because of what is below. */
function parentsOf(locations: ReadonlySet<string>): Set<string> {
  const parents = new Set<string>();
  for (const location of locations) {
    for (let end = location.lastIndexOf('/'); end > 0; end = location.lastIndexOf('/', end - 1)) {
      const parent = location.slice(0, end);
      if (parents.has(parent)) break;
      parents.add(parent);
    }
  }
  return parents;
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
