import { z } from 'zod';
import { jsonValueSchema } from '../../definition/json-value.js';

/** Exactly one of `workflow_id` and `definition`; what else they must be is checked with the document (`definition/checks/workflow.ts`). */
export const workflowKindSchema = z.object({
  type: z.literal('workflow'),
  workflow_id: z.string().min(1).max(1_000).nullish().meta({
    title: 'Workflow',
    description: "The id of a workflow that the engine workers have (`--workflows`), or a reference to one",
  }),
  version: z
    .union([z.string(), z.number()])
    .nullish()
    .meta({ title: 'Version', description: 'Of that workflow; without one, the newest' }),
  definition: z
    .record(z.string(), jsonValueSchema)
    .nullish()
    .meta({ title: 'Definition', description: 'The workflow itself, in place of `workflow_id`', widget: 'json' }),
  input: jsonValueSchema
    .optional()
    .meta({ title: 'Input', description: "A mapping, laid over the step's `input`", widget: 'json' }),
  entry_point: z.string().nullish().meta({ title: 'Entry point', description: 'Where to begin' }),
});
