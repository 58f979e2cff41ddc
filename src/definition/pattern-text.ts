import { isObject, type JsonValue } from './json.js';

/** The longest text that a regular expression of a JSON Schema is tried on, in UTF-16 units. */
export const MAX_PATTERN_TEXT = 10_000;

/**
 * The reason why a value may not be checked against a schema: the schema has patterns and the value a text so long that
 * one of them could take very long. Patterns themselves are bounded when a definition is created.
 */
export function longTextProblem(schema: JsonValue, value: JsonValue): string | undefined {
  if (
    !some(
      schema,
      (part) => isObject(part) && (Object.hasOwn(part, 'pattern') || Object.hasOwn(part, 'patternProperties')),
    )
  ) {
    return undefined;
  }
  const isLong = (part: JsonValue): boolean => typeof part === 'string' && part.length > MAX_PATTERN_TEXT;
  const hasLong = some(value, (part) => isLong(part) || (isObject(part) && Object.keys(part).some(isLong)));
  return hasLong
    ? `holds a text of more than ${MAX_PATTERN_TEXT} characters, which its schema's patterns cannot be tried on`
    : undefined;
}

function some(root: JsonValue, test: (part: JsonValue) => boolean): boolean {
  const pending: JsonValue[] = [root];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (test(next)) return true;
    if (typeof next === 'object' && next !== null) for (const child of Object.values(next)) pending.push(child);
  }
  return false;
}
