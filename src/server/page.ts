import { z } from 'zod';
import { wholeNumber } from './query.js';

/** Which part of a list is asked for. */
export const pageQuery = {
  limit: wholeNumber.pipe(z.int().min(1).max(1_000)).default(100).describe('Most items of the page'),
  cursor: z.string().max(4_000).optional().describe('`next_cursor` of the page before'),
};

/** A part of a list as it is answered. */
export function pageSchema<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item), next_cursor: z.string().optional().describe('Absent on the last page') });
}

/** A page of a repository as it is answered. */
export function pageOf<T, R>({ items, nextCursor }: { readonly items: readonly T[]; readonly nextCursor?: string }, answer: (item: T) => R): { items: R[]; next_cursor?: string } {
  return { items: items.map(answer), ...(nextCursor === undefined ? {} : { next_cursor: nextCursor }) };
}
