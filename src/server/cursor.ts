import { createHash } from 'node:crypto';
import { canonicalJson } from '../definition/canonical.js';
import { DistriError } from '../definition/errors.js';
import type { JsonValue } from '../definition/json.js';

/** Characters of the checksum at the beginning of a cursor. */
const CHECK_LENGTH = 12;

/** Where the next page of a list begins, bound to what the list was asked for. */
export function encodeCursor(place: string, asked: JsonValue): string {
  return check(place, asked) + Buffer.from(place).toString('base64url');
}

/** @throws DistriError `BAD_REQUEST` for a cursor that was changed, or that another list gave */
export function decodeCursor(cursor: string, asked: JsonValue): string {
  const place = Buffer.from(cursor.slice(CHECK_LENGTH), 'base64url').toString();
  if (encodeCursor(place, asked) === cursor) return place;
  throw new DistriError('BAD_REQUEST', 'The cursor is none that this list gave', { hint: 'Send `next_cursor` as it is, with the same filters, or begin without a cursor.' });
}

function check(place: string, asked: JsonValue): string {
  return createHash('sha256').update(canonicalJson([place, asked])).digest('base64url').slice(0, CHECK_LENGTH);
}
