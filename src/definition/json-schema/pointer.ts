import { isObject, own, type JsonValue } from '../json.js';
import type { Path } from '../problems/path.js';

/** The segments of a JSON pointer into a value: numbers where the value has lists. */
export function pointerPath(pointer: string, root: JsonValue): Path {
  const path: (string | number)[] = [];
  let value: JsonValue | undefined = root;
  for (const part of pointer.split('/').slice(1)) {
    const key = unescapePointer(part);
    path.push(Array.isArray(value) ? Number(key) : key);
    value = step(value, key);
  }
  return path;
}

/** The value that a JSON pointer leads to, by own keys. */
export function pointedAt(root: JsonValue, pointer: string): JsonValue | undefined {
  if (!pointer.startsWith('/')) return undefined;
  let value: JsonValue | undefined = root;
  for (const part of pointer.slice(1).split('/')) value = step(value, unescapePointer(part));
  return value;
}

function step(value: JsonValue | undefined, key: string): JsonValue | undefined {
  if (Array.isArray(value)) return /^(0|[1-9]\d*)$/.test(key) ? value[Number(key)] : undefined;
  return isObject(value) ? own(value, key) : undefined;
}

function unescapePointer(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}
