/** Any value that JSON can carry. */
export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject;

/** A JSON object. Keys are data: read them with {@link own}, never by plain indexing of a stranger's key. */
export interface JsonObject {
  [key: string]: JsonValue;
}

const hasOwn = Object.hasOwn;
const isArray = Array.isArray;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !isArray(value);
}

/** The value of an own key, or undefined. `__proto__`, `constructor` and `length` are ordinary absent keys. */
export function own<T>(object: { readonly [key: string]: T }, key: string): T | undefined {
  return hasOwn(object, key) ? object[key] : undefined;
}

/** A map from strangers' keys: it has no prototype, so `__proto__` is an ordinary key of it. */
export function dictionary<T>(): Record<string, T> {
  return Object.create(null) as Record<string, T>;
}
