import { isObject, own, type JsonValue } from './json.js';

/** What the context keeps of a result under a key of its own: the named part, of a fan-out that of each element. */
export function contextPart(result: JsonValue, part: string): JsonValue {
  if (Array.isArray(result)) return result.map((element) => contextPart(element, part));
  return isObject(result) ? (own(result, part) ?? null) : result;
}
