import { z } from 'zod';

export const checkpointSchema = z.object({
  type: z.literal('checkpoint'),
  message: z.string().meta({ title: 'Message', widget: 'text' }),
});
