import { dictionary, isObject, type JsonValue } from '../definition/json.js';
import { wellFormed } from '../definition/text.js';
import type { Connection } from './connection.js';

/** Shorter texts are too likely to be an ordinary word of a result. */
const SHORTEST_SECRET = 8;
const MASK = '***';

/** The secrets of these connections in each form in which a text may repeat them, the longest first. */
export function secretsOf(connections: readonly Connection[]): string[] {
  const plain = connections.flatMap(({ secrets, headers }) => [
    ...Object.values(secrets),
    ...Object.values(headers).flatMap((value) => [value, value.replace(/^\w+\s+/, '')]),
  ]);
  const forms = new Set(plain.filter((secret) => secret.length >= SHORTEST_SECRET).flatMap(formsOf));
  return [...forms].sort((one, other) => other.length - one.length);
}

function formsOf(secret: string): string[] {
  const base64 = Buffer.from(secret).toString('base64');
  const base64url = Buffer.from(secret).toString('base64url');
  return [
    secret,
    base64,
    base64.replace(/=+$/, ''),
    base64url,
    encodeURIComponent(wellFormed(secret)),
    JSON.stringify(secret).slice(1, -1),
  ];
}

/** The text with every secret replaced by `***`, and how many were. */
export function maskText(text: string, secrets: readonly string[]): { text: string; count: number } {
  let count = 0;
  let masked = text;
  for (const secret of secrets) {
    const parts = masked.split(secret);
    if (parts.length === 1) continue;
    count += parts.length - 1;
    masked = parts.join(MASK);
  }
  return { text: masked, count };
}

/** The value with every secret in its texts and keys replaced by `***`, and how many were. */
export function maskValue(value: JsonValue, secrets: readonly string[]): { value: JsonValue; count: number } {
  if (secrets.length === 0) return { value, count: 0 };
  let count = 0;
  const mask = (text: string): string => {
    const masked = maskText(text, secrets);
    count += masked.count;
    return masked.text;
  };
  const walk = (node: JsonValue): JsonValue => {
    if (typeof node === 'string') return mask(node);
    if (Array.isArray(node)) return node.map(walk);
    if (!isObject(node)) return node;
    const copy = dictionary<JsonValue>();
    for (const [key, item] of Object.entries(node)) copy[mask(key)] = walk(item);
    return copy;
  };
  return { value: walk(value), count };
}
