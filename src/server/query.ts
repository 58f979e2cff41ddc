import { z } from 'zod';

/** A whole number in a query. An empty one is none: whoever sends it has forgotten the value. */
export const wholeNumber = z
  .string()
  .regex(/^-?\d{1,16}$/, 'a whole number is expected')
  .transform(Number)
  .pipe(z.int());

/** A flag in a query. */
export const flag = z.enum(['true', 'false']).transform((text) => text === 'true');
