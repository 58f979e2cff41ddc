import { z } from 'zod';
import { jsonSchemaSchema, jsonValueSchema } from './json-value.js';
import { stepKindSchema } from '../kinds/schemas.js';
import { seconds } from '../kinds/seconds.js';

const id = z.string().min(1).max(1_000);
const runtime = z.unknown().optional().meta({ description: 'Written by older engines; accepted and ignored' });
const ignored = z.unknown().optional().meta({ description: 'Read by Distri, not by this engine; kept' });
const $schema = z.string().optional().meta({ description: 'Where the schema for editors is; has no effect' });
const name = z.string().nullish().meta({ description: 'Shown to people' });
const description = z.string().nullish().meta({ description: 'Shown to people' });
const version = z.union([z.string(), z.number()]).nullish().meta({ description: 'Shown to people' });
const concurrency = z.number().int().min(1).max(1000).nullish();

export const stepRequirementSchema = z
  .object({
    skill: z.string().meta({ description: 'namespace:name, e.g. native:shell or google:drive' }),
    permissions: z.array(z.string()).nullish().meta({ description: 'Scopes that the connection must have' }),
    config: jsonValueSchema.optional(),
  })
  .meta({ id: 'Requirement' });

const failureName = z.union([z.string(), z.number().int().min(100).max(599)]);

export const retrySchema = z
  .object({
    max_attempts: z.number().int().min(1).max(1000).optional().meta({ description: 'Attempts in all' }),
    initial_interval_secs: seconds.optional(),
    backoff_coefficient: z.number().min(1).optional(),
    max_interval_secs: seconds.optional(),
    non_retryable: z.array(failureName).optional().meta({ description: 'Codes of failures, and statuses of answers, that are final' }),
    on: z.array(failureName).optional().meta({ description: 'Codes and statuses that alone are tried again; statuses as 429, "HTTP_429" or "5xx"' }),
  })
  .meta({ id: 'Retry' });

export const forEachSchema = z
  .object({
    items: z
      .union([z.array(jsonValueSchema), z.string()])
      .meta({ description: 'A list, or a reference to one; the kind runs once per element, with {item} and {item.index}' }),
    as: z.string().nullish().meta({ description: 'Another name for {item}: with row also {row} and {row_index}' }),
    concurrency: concurrency.meta({ description: "Most elements at once; default: as many as the run's concurrency allows" }),
    on_error: z
      .enum(['fail', 'continue'])
      .nullish()
      .meta({ description: 'continue: an element that fails leaves its error in the result', default: 'fail' }),
  })
  .meta({ id: 'ForEach' });

export const stepSchema = z
  .object({
    id: id.meta({ description: 'Unique in the document; {steps.<id>} refers to the result' }),
    label: z.string().nullish().meta({ description: 'Shown to people; default: the id' }),
    kind: stepKindSchema,
    depends_on: z.array(z.string()).nullish().meta({ description: 'Ids of the steps that come first' }),
    execution: z.enum(['sequential', 'parallel']).nullish().meta({ default: 'sequential' }),
    requires: z.array(stepRequirementSchema).nullish(),
    input: jsonValueSchema
      .optional()
      .meta({ description: 'A mapping with references; without one, the whole context' }),
    skip_if: z.string().nullish().meta({ description: 'An expression; when it holds, the step is skipped' }),
    for_each: forEachSchema.nullish().meta({ description: 'Runs the kind once per element of a list' }),
    retry: retrySchema.nullish(),
    timeout_secs: seconds.nullish().meta({ description: 'Seconds for one attempt' }),
    queue_timeout_secs: seconds.nullish().meta({ description: 'Seconds to wait for a worker' }),
    context: z.boolean().nullish().meta({ description: 'false: the step is never sent the whole context' }),
    on_error: z
      .enum(['fail', 'continue'])
      .nullish()
      .meta({ description: 'continue: when the step fails, its dependents go on with {steps.<id>.error}', default: 'fail' }),
    run_on: z
      .enum(['success', 'failure', 'always'])
      .nullish()
      .meta({ description: 'Runs after success, failure or any end of its dependencies', default: 'success' }),
    status: runtime,
    result: runtime,
    error: runtime,
    started_at: runtime,
    completed_at: runtime,
  })
  .meta({ id: 'Step' });

/** What a schedule does when a run is due and the one before it has not ended. */
export const OVERLAPS = ['skip', 'buffer_one', 'buffer_all', 'cancel_other', 'allow_all'] as const;

export const triggerSchema = z
  .discriminatedUnion('type', [
    z.object({ type: z.literal('manual') }),
    z.object({
      type: z.literal('schedule'),
      cron: z.string().meta({ description: 'minute, hour, day of the month, month, day of the week; or @daily and the like' }),
      timezone: z.string().nullish().meta({ description: 'e.g. Europe/Berlin', default: 'UTC' }),
      enabled: z.boolean().nullish().meta({ description: 'false: it begins paused', default: true }),
      input: jsonValueSchema.optional(),
      overlap: z
        .enum(OVERLAPS)
        .nullish()
        .meta({ description: 'What happens when a run is due and the one before it has not ended', default: 'skip' }),
      catchup_secs: seconds.nullish().meta({ description: 'A run that is later than this, after an outage, is left out', default: 3600 }),
    }),
    z.object({
      type: z.literal('webhook'),
      path: z.string().meta({ description: 'Where it is, below /v1/workflows/webhook/; no two workflows have the same' }),
      methods: z.array(z.string()).nullish().meta({ description: 'Default: POST' }),
      max_body_bytes: z.number().int().positive().nullish().meta({ description: 'Largest body', default: 1_048_576 }),
      auth: z
        .discriminatedUnion('type', [
          z.object({ type: z.literal('none') }),
          z.object({ type: z.literal('hmac_header'), header: z.string(), connection_id: z.string() }),
          z.object({ type: z.literal('token_header'), header: z.string(), connection_id: z.string() }),
          z.object({ type: z.literal('bearer_token'), connection_id: z.string() }),
        ])
        .nullish(),
      delivery_id: z
        .string()
        .nullish()
        .meta({ description: 'What a delivery that comes again is known by: header:NAME, or body:PATH with dots between the keys' }),
      response: z
        .discriminatedUnion('type', [
          z.object({ type: z.literal('ack') }),
          z.object({ type: z.literal('sync'), timeout_secs: seconds.nullish() }),
        ])
        .nullish(),
    }),
    z.object({
      type: z.literal('event'),
      topic: z.string(),
      filter: jsonValueSchema
        .optional()
        .meta({ description: "Dotted paths of the event's data to the values that they must have, or an expression" }),
    }),
    z.object({
      type: z.literal('slash'),
      name: z.string(),
      aliases: z.array(z.string()).nullish(),
      channels: z.array(z.string()).nullish(),
      args: jsonValueSchema.optional(),
    }),
    z.object({ type: z.literal('callback'), id: z.string(), arg: jsonValueSchema.optional() }),
    z.object({ type: z.literal('message') }),
    z.object({
      type: z.literal('tool'),
      name: z.string(),
      description: z.string(),
      input_schema: jsonSchemaSchema.nullish(),
    }),
  ])
  .meta({ id: 'Trigger' });

export const entryPointSchema = z
  .object({
    id,
    label: z.string().nullish(),
    description,
    starts_at: z.string().meta({ description: 'Id of the first step; steps not reachable from it are skipped' }),
    preset_results: z.record(z.string(), jsonValueSchema).nullish().meta({ description: 'Results by step id' }),
    required_inputs: z.array(z.string()).nullish(),
    triggers: z.array(triggerSchema).nullish(),
  })
  .meta({ id: 'EntryPoint' });

export const checkpointStrategySchema = z
  .discriminatedUnion('type', [
    z.object({ type: z.literal('internal'), ttl_secs: z.number().nonnegative().nullish() }),
    z.object({ type: z.literal('external'), tool_name: z.string().min(1) }),
  ])
  .meta({ id: 'Checkpoint' });

/** A Distri document as it is written: snake_case, defaults not applied, unknown fields kept by the caller. */
export const workflowSchema = z
  .object({
    $schema,
    id: id.optional().meta({ description: 'Default: a UUID' }),
    name,
    description,
    version,
    steps: z.array(stepSchema),
    input_schema: jsonSchemaSchema.nullish(),
    checkpoint: checkpointStrategySchema.nullish(),
    entry_points: z.array(entryPointSchema).nullish(),
    workflow_type: z.string().nullish(),
    on_failure: z
      .enum(['end', 'hold'])
      .nullish()
      .meta({ description: 'hold: a failed run waits for retry, skip or resume (which gives up)', default: 'end' }),
    concurrency: concurrency.meta({ description: 'Most activities at once; default 100' }),
    output: jsonValueSchema.optional().meta({ description: "A mapping; without one, the last step's result" }),
    context: z
      .record(z.string(), jsonValueSchema)
      .nullish()
      .meta({ description: 'The context that a run begins with' }),
    status: runtime,
    current_step: runtime,
    step_runs: runtime,
    notes: runtime,
    created_at: runtime,
    updated_at: runtime,
  })
  .meta({ id: 'Workflow' });

/** A document that wraps its definition as an agent. */
export const agentWrapperSchema = z
  .object({
    $schema,
    agent_type: z.literal('workflow_agent'),
    name,
    description,
    version,
    input_schema: jsonSchemaSchema.nullish(),
    definition: workflowSchema,
    triggers: ignored,
    channels: ignored,
    connections: ignored,
    tools: ignored,
  })
  .meta({ id: 'WorkflowAgent' });
