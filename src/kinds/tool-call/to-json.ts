import type { JsonValue } from '../../definition/json.js';
import { jsonPath } from '../json-path.js';

const DEEPEST = 1000;
type Path = readonly (string | number)[];

/** A value that JSON cannot carry. `message` says where it is and what to return instead. */
export class NotJsonError extends Error {}

/**
 * The value as JSON carries it, as `JSON.stringify` would write it: `toJSON` is honoured, undefined properties are left
 * out. What `JSON.stringify` would lose without a word is refused.
 *
 * @throws NotJsonError for a BigInt, function, symbol, NaN, infinity, cycle, promise, Map, Set, binary data or Error.
 */
export function toJson(value: unknown): JsonValue {
  return convert(value, [], []) ?? null;
}

function convert(given: unknown, path: Path, parents: readonly object[]): JsonValue | undefined {
  const value = hasToJson(given) ? given.toJSON() : given;
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'undefined':
      return value;
    case 'number':
      if (Number.isFinite(value)) return value;
      throw refusal(path, `the number ${value}`, 'null or a text');
    case 'bigint':
      throw refusal(path, 'a BigInt', 'a number, or a text made with String(value)');
    case 'function':
      throw refusal(path, 'a function', 'what it gives');
    case 'symbol':
      throw refusal(path, 'a symbol', 'a text');
    case 'object':
      return value === null ? null : convertObject(value, path, parents);
  }
}

function convertObject(value: object, path: Path, parents: readonly object[]): JsonValue {
  if (parents.includes(value)) throw refusal(path, 'a cycle (it holds itself)', 'a copy without the reference back');
  if (parents.length >= DEEPEST) throw refusal(path, `nested more than ${DEEPEST} deep`, 'a flatter value');
  for (const { matches, what, instead } of lossy) if (matches(value)) throw refusal(path, what, instead);
  const within = [...parents, value];
  if (Array.isArray(value)) {
    return Array.from(value, (element, index) => convert(element, [...path, index], within) ?? null);
  }
  const entries: [string, JsonValue][] = [];
  for (const [key, element] of Object.entries(value)) {
    const json = convert(element, [...path, key], within);
    if (json !== undefined) entries.push([key, json]);
  }
  return Object.fromEntries(entries);
}

const lossy: readonly { matches: (value: object) => boolean; what: string; instead: string }[] = [
  { matches: (value) => value instanceof Map, what: 'a Map', instead: 'Object.fromEntries(map)' },
  { matches: (value) => value instanceof Set, what: 'a Set', instead: '[...set]' },
  { matches: (value) => value instanceof Promise, what: 'a promise', instead: 'its awaited value' },
  { matches: (value) => value instanceof Error, what: 'an Error', instead: 'its message, or throw it' },
  {
    matches: (value) => ArrayBuffer.isView(value) || value instanceof ArrayBuffer,
    what: 'binary data',
    instead: "a text such as Buffer.from(data).toString('base64')",
  },
];

function hasToJson(value: unknown): value is { toJSON(): unknown } {
  return typeof value === 'object' && value !== null && 'toJSON' in value && typeof value.toJSON === 'function';
}

function refusal(path: Path, what: string, instead: string): NotJsonError {
  return new NotJsonError(`${jsonPath(path)} is ${what}, which JSON cannot carry: return ${instead} instead`);
}
