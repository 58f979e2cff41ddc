import { z } from 'zod';

export const waitForInputSchema = z.object({
  type: z.literal('wait_for_input'),
  message: z.string().meta({ title: 'Message', widget: 'text' }),
  schema: z
    .union([z.boolean(), z.record(z.string(), z.json())])
    .nullish()
    .meta({ title: 'Schema of the answer', description: 'JSON Schema', widget: 'json-schema' }),
});
