import { evaluate, parseExpression } from '../../definition/expressions.js';
import type { InexactNumber } from '../../definition/exact-json.js';
import { isObject, type JsonObject, type JsonValue } from '../../definition/json.js';
import { scopeLookup } from '../../definition/references.js';
import type { TriggerOf } from '../../definition/types.js';

/** The input of a run that an event starts: its data when that is an object, else `{data}`. */
export function inputOfEvent(data: JsonValue | undefined): JsonObject {
  return data === undefined ? {} : isObject(data) ? data : { data };
}

/** The numbers of the data by their place in that input. */
export function inexactOf(data: JsonValue | undefined, inexact: readonly InexactNumber[]): InexactNumber[] {
  return inexact.map((number) => ({ ...number, path: ['input', ...(isObject(data) ? number.path.slice(1) : number.path)] }));
}

/** Whether an event passes the filter of a trigger. Throws ExpressionError. */
export function passes({ filter }: TriggerOf<'event'>, data: JsonValue | undefined): boolean {
  if (filter === undefined || filter === null) return true;
  const lookup = scopeLookup({ input: inputOfEvent(data), steps: {}, env: {}, context: {} });
  if (typeof filter === 'string') return evaluate(parseExpression(filter), lookup);
  if (!isObject(filter)) return false;
  return Object.entries(filter).every(([path, expected]) => {
    const value = lookup('input', path.split('.'));
    return value !== undefined && isEqual(value, expected);
  });
}

/** Goes only as deep as `expected`: data from outside may be nested deeper than the stack reaches. */
function isEqual(value: JsonValue, expected: JsonValue): boolean {
  if (Array.isArray(expected)) return Array.isArray(value) && value.length === expected.length && expected.every((item, i) => isEqual(value[i] ?? null, item));
  if (!isObject(expected)) return value === expected;
  const keys = Object.keys(expected);
  return isObject(value) && Object.keys(value).length === keys.length && keys.every((key) => Object.hasOwn(value, key) && isEqual(value[key] ?? null, expected[key] ?? null));
}
