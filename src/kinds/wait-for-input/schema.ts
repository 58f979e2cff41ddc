import { z } from 'zod';
import { jsonSchemaSchema } from '../../definition/json-value.js';

export const waitForInputSchema = z.object({
  type: z.literal('wait_for_input'),
  message: z.string().meta({ title: 'Message', widget: 'text' }),
  schema: jsonSchemaSchema
    .nullish()
    .meta({ title: 'Schema of the answer', description: 'JSON Schema', widget: 'json-schema' }),
});
