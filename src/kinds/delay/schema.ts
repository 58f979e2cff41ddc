import { z } from 'zod';

const reference = z.string().min(1).meta({ description: 'A reference, e.g. {input.secs}' });

export const delaySchema = z
  .object({
    type: z.literal('delay'),
    secs: z.union([z.number().nonnegative(), reference]).optional().meta({ title: 'Seconds' }),
    until: z.string().min(1).optional().meta({ title: 'Until', description: 'A time as ISO 8601, or a reference to one' }),
  })
  .refine(({ secs, until }) => (secs === undefined) !== (until === undefined), 'Give either secs or until');
