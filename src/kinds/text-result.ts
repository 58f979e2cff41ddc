import { inexactMessage, parseExact, type ExactJson } from '../definition/exact-json.js';
import type { JsonValue } from '../definition/json.js';
import type { ActivityContext } from './activity.js';

type Warned = Pick<ActivityContext, 'warn'>;

/** The format's rule for text that a step produced: JSON when it parses, else `{"output": text}`. */
export function textResult(text: string, context: Warned): JsonValue {
  try {
    return exactValue(parseExact(text), context);
  } catch {
    return { output: text };
  }
}

/** The value, with a warning for each number in it that is not kept as it was written. */
export function exactValue({ value, inexact }: ExactJson, context: Warned): JsonValue {
  for (const number of inexact) context.warn('INEXACT_NUMBER', inexactMessage(number));
  return value;
}
