import { z } from 'zod';
import { isObject, type JsonObject, type JsonValue } from '../../../definition/json.js';
import { MIGRATION_DECISIONS } from '../../../definition/migration.js';
import { RUN_STATUSES, STEP_STATUSES } from '../../../definition/snapshot.js';

const time = z.string().describe('ISO 8601 UTC');
/** Any JSON value. Not copied, so that `__proto__` stays an ordinary key. */
export const jsonSchema = z.custom<JsonValue>((value) => value !== undefined, 'must be there: any JSON value').meta({ description: 'Any JSON value' });
/** A JSON object. Not copied either. */
export const objectSchema = z.custom<JsonObject>(isObject, 'must be an object').meta({ type: 'object' });

export const runStatusSchema = z.enum(RUN_STATUSES);

export const runInfoSchema = z
  .object({
    run_id: z.string(),
    temporal_run_id: z.string().optional(),
    workflow_id: z.string().describe('Of a stored workflow: its id'),
    name: z.string().optional(),
    status: runStatusSchema,
    version: z.int().optional(),
    definition_hash: z.string().optional(),
    missing: z.array(z.string()).optional().describe('Skills that its due steps lack'),
    owner: z.string().optional(),
    rerun_of: z.string().optional(),
    parent_run_id: z.string().optional(),
    trigger: z.object({ id: z.string(), type: z.string() }).optional().describe('What started it, when that was a trigger'),
    started_at: time,
    completed_at: time.optional(),
  })
  .meta({ id: 'Run' });

const reasonsSchema = z.record(z.string(), z.string()).describe('Why skills are missing, by skill');

const stepShape = {
  status: z.enum(STEP_STATUSES),
  label: z.string(),
  kind: z.string(),
  result: z.unknown().optional(),
  result_omitted: z.int().optional().describe('Bytes of a result that was too large to show'),
  error: z.string().optional(),
  error_code: z.string().optional(),
  held: z.boolean().optional().describe('The run holds for this failed step: retry it, skip it, or resume the run'),
  attempts: z.int(),
  retrying: z.object({ error: z.string(), max_attempts: z.int(), next_at: time.optional() }).optional(),
  started_at: time.optional(),
  completed_at: time.optional(),
  missing: z.array(z.string()).optional().describe('Skills that a blocked step lacks'),
  missing_reasons: reasonsSchema.optional(),
  message: z.string().optional(),
  schema: z.unknown().optional().describe('JSON Schema of the answer that it waits for'),
  until: time.optional(),
  masked: z.int().optional(),
  items: z.unknown().optional().describe('Of a fan-out: how far it has come'),
  child: z.unknown().optional().describe('Of a workflow step: its run'),
  kept: z.boolean().optional(),
};

export const stepSchema = z.object({ id: z.string(), ...stepShape }).meta({ id: 'RunStep' });

export const snapshotSchema = z
  .object({
    run_id: z.string(),
    temporal_run_id: z.string().optional(),
    workflow_id: z.string(),
    version: z.union([z.string(), z.number()]).optional(),
    definition_hash: z.string(),
    status: runStatusSchema,
    steps: z.record(z.string(), z.object(stepShape)).describe('In document order'),
    context: z.record(z.string(), z.unknown()),
    output: z.unknown().optional(),
    error: z.string().optional(),
    error_code: z.string().optional(),
    missing: z.array(z.string()).optional(),
    missing_reasons: reasonsSchema.optional(),
    paused: z.object({ by: z.enum(['user', 'failure', 'parent']), at: time }).optional(),
    parent_run_id: z.string().optional(),
    rerun_of: z.object({ run_id: z.string(), from: z.array(z.string()) }).optional(),
    migrations: z.array(z.object({ from_hash: z.string(), to_hash: z.string(), at: time })).optional(),
    migrating_to: z.string().optional(),
    warnings: z.array(z.object({ code: z.string(), message: z.string(), step_id: z.string().optional() })),
    started_at: time,
    completed_at: time.optional(),
    engine_error: z.string().optional().describe('The run is stuck: the last error of the engine'),
  })
  .meta({ id: 'RunSnapshot' });

/** What a start answers. */
export const startedSchema = z
  .object({
    run_id: z.string(),
    workflow_id: z.string(),
    version: z.union([z.string(), z.number()]).optional(),
    definition_hash: z.string().optional(),
    status: runStatusSchema,
  })
  .meta({ id: 'StartedRun' });

export const runParams = z.object({ id: z.string().min(1).describe('The run id, percent-encoded') });

export const idempotencyHeaders = z.looseObject({
  'idempotency-key': z.string().optional().describe('1 to 255 visible ASCII characters: the same request with the same key counts once'),
});

export const stepIndex = z.int().min(0).optional().describe('Of an element of a fan-out');

export const decisionsSchema = z.record(z.string(), z.enum(MIGRATION_DECISIONS)).describe('By step id');
