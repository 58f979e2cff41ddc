import { z } from 'zod';
import { agentRunSchema } from './agent-run/schema.js';
import { apiCallSchema } from './api-call/schema.js';
import { checkpointSchema } from './checkpoint/schema.js';
import { conditionSchema } from './condition/schema.js';
import { delaySchema } from './delay/schema.js';
import type { KindName } from './index.js';
import { replySchema } from './reply/schema.js';
import { scriptSchema } from './script/schema.js';
import { toolCallSchema } from './tool-call/schema.js';
import { waitForInputSchema } from './wait-for-input/schema.js';
import { workflowKindSchema } from './workflow/schema.js';

interface ConditionConfig {
  type: 'condition';
  expression: string;
  if_true: StepKind;
  if_false?: StepKind | null | undefined;
}

/** The config of one kind, e.g. `ConfigOf<'api_call'>`. */
export type ConfigOf<N extends KindName> = Extract<StepKind, { type: N }>;

export type StepKind =
  | z.infer<typeof apiCallSchema>
  | z.infer<typeof scriptSchema>
  | z.infer<typeof toolCallSchema>
  | z.infer<typeof agentRunSchema>
  | z.infer<typeof checkpointSchema>
  | z.infer<typeof waitForInputSchema>
  | z.infer<typeof replySchema>
  | z.infer<typeof delaySchema>
  | z.infer<typeof workflowKindSchema>
  | ConditionConfig;

export const stepKindSchema: z.ZodType<StepKind> = z
  .lazy(() => z.discriminatedUnion('type', kindSchemaList))
  .meta({ id: 'StepKind' });

/** The schema of each kind's config. */
export const kindSchemas = {
  api_call: apiCallSchema,
  script: scriptSchema,
  tool_call: toolCallSchema,
  agent_run: agentRunSchema,
  condition: conditionSchema(stepKindSchema),
  checkpoint: checkpointSchema,
  wait_for_input: waitForInputSchema,
  reply: replySchema,
  delay: delaySchema,
  workflow: workflowKindSchema,
} satisfies { [N in KindName]: z.ZodType<{ type: N }> };

const kindSchemaList = Object.values(kindSchemas) as unknown as [
  (typeof kindSchemas)['api_call'],
  ...(typeof kindSchemas)[KindName][],
];
