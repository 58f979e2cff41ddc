import { z } from 'zod';
import { jsonValueSchema } from '../../definition/json-value.js';

export const toolCallSchema = z.object({
  type: z.literal('tool_call'),
  tool_name: z.string().min(1).meta({ title: 'Tool', widget: 'tool' }),
  input: jsonValueSchema.optional().meta({ title: 'Input', description: "Laid over the step's mapping", widget: 'json' }),
  agent_id: z.string().nullish().meta({ title: 'Agent', description: 'The agent on whose behalf the tool is called' }),
});
