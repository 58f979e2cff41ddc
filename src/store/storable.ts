import { z } from 'zod';
import type { JsonValue } from '../definition/json.js';
import { isWellFormed, wellFormed } from '../definition/text.js';

/** Whether Postgres takes a text: it has no half of a surrogate pair and no U+0000. */
export function isStorable(text: string): boolean {
  return isWellFormed(text) && !text.includes('\0');
}

/** The text without what Postgres refuses. */
export function toStorable(text: string): string {
  return wellFormed(text).replaceAll('\0', '');
}

/** The value without what Postgres refuses in JSON. */
export function toStorableJson(value: JsonValue): JsonValue {
  return JSON.parse(JSON.stringify(value, (_, inner: JsonValue) => (typeof inner === 'string' ? toStorable(inner) : inner))) as JsonValue;
}

/** Text of at most so many UTF-16 units that Postgres takes. */
export function storableText(most: number) {
  return z.string().max(most).refine(isStorable, 'expected well-formed text without U+0000');
}

/** A time in ISO 8601 as Postgres and Temporal take it: of the years 1 to 9999 in UTC. */
export const instantSchema = z.iso.datetime({ offset: true }).refine((text) => {
  const year = new Date(text).getUTCFullYear();
  return year >= 1 && year <= 9_999;
}, 'expected a time of the years 1 to 9999 in UTC');
