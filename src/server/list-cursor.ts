import { createHash } from 'node:crypto';
import { z } from 'zod';
import { canonicalJson } from '../definition/canonical.js';
import type { JsonValue } from '../definition/json.js';
import { decodeCursor, encodeCursor } from '../store/cursor.js';

/** A cursor for a place in a list, good only for a list that is asked for in the same way. */
export function cursorAt(place: string, asked: object): string {
  return encodeCursor([place, checkOf(place, asked)]);
}

/** @throws DistriError `BAD_REQUEST` for a cursor that was changed, or that another list gave */
export function placeOf(cursor: string, asked: object): string {
  const shape = z.tuple([z.string(), z.string()]).refine(([place, check]) => check === checkOf(place, asked));
  return decodeCursor(cursor, shape)[0];
}

function checkOf(place: string, asked: object): string {
  return createHash('sha256').update(canonicalJson([place, asked as JsonValue])).digest('base64url').slice(0, 16);
}
