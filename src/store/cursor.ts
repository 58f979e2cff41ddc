import type { z } from 'zod';
import { DistriError } from '../definition/errors.js';

/** Where the next page of a list begins, as an opaque text. */
export function encodeCursor(position: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

/** The position in a cursor of this shape. @throws DistriError `BAD_REQUEST` when it is none */
export function decodeCursor<T>(cursor: string, shape: z.ZodType<T>): T {
  const read = shape.safeParse(parsed(Buffer.from(cursor, 'base64url').toString()));
  if (read.success) return read.data;
  throw new DistriError('BAD_REQUEST', 'The cursor is not one that this list gave', { hint: 'Send `next_cursor` of the page before as it is, or leave `cursor` out.' });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
