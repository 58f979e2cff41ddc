import { z } from 'zod';
import { stepKindSchema } from '../kinds/schemas.js';

const jsonSchema = z.union([z.boolean(), z.record(z.string(), z.json())]);

export const stepRequirementSchema = z.object({
  skill: z.string(),
  permissions: z.array(z.string()).nullish(),
  config: z.json().optional(),
});

export const retrySchema = z.object({
  max_attempts: z.number().int().min(1).max(1000).optional(),
  initial_interval_secs: z.number().positive().optional(),
  backoff_coefficient: z.number().min(1).optional(),
  max_interval_secs: z.number().positive().optional(),
  non_retryable: z.array(z.string()).optional(),
});

export const stepSchema = z.object({
  id: z.string().min(1),
  label: z.string().nullish(),
  kind: stepKindSchema,
  depends_on: z.array(z.string()).nullish(),
  execution: z.enum(['sequential', 'parallel']).nullish(),
  requires: z.array(stepRequirementSchema).nullish(),
  input: z.json().optional(),
  skip_if: z.string().nullish(),
  retry: retrySchema.nullish(),
  timeout_secs: z.number().positive().nullish(),
  queue_timeout_secs: z.number().positive().nullish(),
  context: z.boolean().nullish(),
  status: z.unknown().optional(),
  result: z.unknown().optional(),
  error: z.unknown().optional(),
  started_at: z.unknown().optional(),
  completed_at: z.unknown().optional(),
});

export const triggerSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('manual') }),
  z.object({
    type: z.literal('schedule'),
    cron: z.string(),
    timezone: z.string().nullish(),
    enabled: z.boolean().nullish(),
    input: z.json().optional(),
  }),
  z.object({
    type: z.literal('webhook'),
    path: z.string(),
    methods: z.array(z.string()).nullish(),
    auth: z
      .discriminatedUnion('type', [
        z.object({ type: z.literal('none') }),
        z.object({ type: z.literal('hmac_header'), header: z.string(), connection_id: z.string() }),
        z.object({ type: z.literal('bearer_token'), connection_id: z.string() }),
      ])
      .nullish(),
    response: z
      .discriminatedUnion('type', [
        z.object({ type: z.literal('ack') }),
        z.object({ type: z.literal('sync'), timeout_secs: z.number().positive().nullish() }),
      ])
      .nullish(),
  }),
  z.object({ type: z.literal('event'), topic: z.string(), filter: z.json().optional() }),
  z.object({
    type: z.literal('slash'),
    name: z.string(),
    aliases: z.array(z.string()).nullish(),
    channels: z.array(z.string()).nullish(),
    args: z.json().optional(),
  }),
  z.object({ type: z.literal('callback'), id: z.string(), arg: z.json().optional() }),
  z.object({ type: z.literal('message') }),
  z.object({
    type: z.literal('tool'),
    name: z.string(),
    description: z.string(),
    input_schema: jsonSchema.nullish(),
  }),
]);

export const entryPointSchema = z.object({
  id: z.string().min(1),
  label: z.string().nullish(),
  description: z.string().nullish(),
  starts_at: z.string(),
  preset_results: z.record(z.string(), z.json()).nullish(),
  required_inputs: z.array(z.string()).nullish(),
  triggers: z.array(triggerSchema).nullish(),
});

export const checkpointStrategySchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('internal'), ttl_secs: z.number().nonnegative().nullish() }),
  z.object({ type: z.literal('external'), tool_name: z.string().min(1) }),
]);

/** A Distri document as it is written: snake_case, defaults not applied, unknown fields kept by the caller. */
export const workflowSchema = z.object({
  id: z.string().min(1).optional(),
  name: z.string().nullish(),
  description: z.string().nullish(),
  version: z.union([z.string(), z.number()]).nullish(),
  steps: z.array(stepSchema),
  input_schema: jsonSchema.nullish(),
  checkpoint: checkpointStrategySchema.nullish(),
  entry_points: z.array(entryPointSchema).nullish(),
  workflow_type: z.string().nullish(),
  concurrency: z.number().int().min(1).max(1000).nullish(),
  output: z.json().optional(),
  context: z.record(z.string(), z.json()).nullish(),
  status: z.unknown().optional(),
  current_step: z.unknown().optional(),
  notes: z.unknown().optional(),
  created_at: z.unknown().optional(),
  updated_at: z.unknown().optional(),
});

/** A document that wraps its definition as an agent. */
export const agentWrapperSchema = z.object({
  agent_type: z.literal('workflow_agent'),
  name: z.string().nullish(),
  description: z.string().nullish(),
  version: z.union([z.string(), z.number()]).nullish(),
  input_schema: jsonSchema.nullish(),
  definition: workflowSchema,
});
