import { z } from 'zod';

const reference = z.string().min(1).meta({ description: 'A reference, e.g. {input.secs}' });

/** Exactly one of `secs` and `until`; what else they must be is checked with the document (`definition/checks/delay.ts`). */
export const delaySchema = z.object({
  type: z.literal('delay'),
  secs: z
    .union([z.number().meta({ minimum: 0 }), reference])
    .nullish()
    .meta({ title: 'Seconds', description: 'Counted from the moment the step starts' }),
  until: z.string().nullish().meta({ title: 'Until', description: 'A time as ISO 8601, or a reference to one' }),
});
