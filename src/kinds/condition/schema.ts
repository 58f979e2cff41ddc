import { z } from 'zod';

/** A condition holds other kinds, so its schema is a function of their union; `schemas.ts` hands that in. */
export const conditionSchema = <Branch extends z.ZodType<{ type: string }>>(branch: Branch) =>
  z.object({
    type: z.literal('condition'),
    expression: z.string().meta({ title: 'Expression', widget: 'expression' }),
    if_true: branch.meta({ title: 'If true', widget: 'kind' }),
    if_false: branch.nullish().meta({ title: 'If false', widget: 'kind' }),
  });
