import { z } from 'zod';
import { jsonValueSchema } from '../../definition/json-value.js';

export const apiCallSchema = z.object({
  type: z.literal('api_call'),
  method: z.string().meta({ title: 'Method', examples: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] }),
  url: z.string().meta({ title: 'URL', description: 'http or https; may hold references' }),
  headers: z.record(z.string(), z.string()).nullish().meta({ title: 'Headers' }),
  body: jsonValueSchema.optional().meta({ title: 'Body', description: 'Sent as JSON unless it is text', widget: 'json' }),
});
