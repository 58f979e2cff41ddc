import { z } from 'zod';

/** A flag in a query. */
export const flag = z.enum(['true', 'false']).transform((text) => text === 'true');
