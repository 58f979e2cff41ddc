import { z } from 'zod';
import { jsonValueSchema } from '../../definition/json-value.js';

export const replySchema = z.object({
  type: z.literal('reply'),
  text: z.string().meta({ title: 'Text', widget: 'text' }),
  buttons: jsonValueSchema.optional().meta({ title: 'Buttons', widget: 'json' }),
  buttons_from: jsonValueSchema.optional().meta({ title: 'Buttons from', description: 'A reference to a list' }),
  button_template: jsonValueSchema.optional().meta({ title: 'Button template', description: 'Sees {item}', widget: 'json' }),
});
