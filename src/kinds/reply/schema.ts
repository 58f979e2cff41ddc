import { z } from 'zod';

export const replySchema = z.object({
  type: z.literal('reply'),
  text: z.string().meta({ title: 'Text', widget: 'text' }),
  buttons: z.json().optional().meta({ title: 'Buttons', widget: 'json' }),
  buttons_from: z.json().optional().meta({ title: 'Buttons from', description: 'A reference to a list' }),
  button_template: z.json().optional().meta({ title: 'Button template', description: 'Sees {item}', widget: 'json' }),
});
