import { z } from 'zod';

export const agentRunSchema = z.object({
  type: z.literal('agent_run'),
  agent_id: z.string().nullish().meta({ title: 'Agent' }),
  prompt: z.string().meta({ title: 'Prompt', widget: 'text' }),
  tools: z.array(z.string()).nullish().meta({ title: 'Tools' }),
  skills: z.array(z.string()).nullish().meta({ title: 'Skills' }),
  model: z.string().nullish().meta({ title: 'Model' }),
  max_iterations: z.number().int().positive().nullish().meta({ title: 'Most iterations' }),
});
