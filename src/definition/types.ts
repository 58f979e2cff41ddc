/**
 * The words of this project:
 *
 * - **definition**: a Distri document, unwrapped and with an id; **step**: a node of its DAG; **kind**: what a step does.
 * - **run**: one execution of a definition; its **run id** is the Temporal workflow id.
 * - **skill**: what a step needs, `native:shell` or a **connection** such as `google:drive`.
 * - **mapping**: a step's `input`; **reference**: `{namespace.path}` in a string; **context**: what references see.
 * - **fan-out**: a step with `for_each`; its **elements** are those of the list. **child**: the run of a `workflow` step.
 * - **settled**: a step that is done, skipped or failed.
 */
import type { z } from 'zod';
import type {
  checkpointStrategySchema,
  entryPointSchema,
  forEachSchema,
  retrySchema,
  stepRequirementSchema,
  stepSchema,
  triggerSchema,
  workflowSchema,
} from './schema.js';

export type { ConfigOf, StepKind } from '../kinds/schemas.js';

export type StepRequirement = z.infer<typeof stepRequirementSchema>;
export type WorkflowStep = z.infer<typeof stepSchema>;
export type EntryPoint = z.infer<typeof entryPointSchema>;
export type Trigger = z.infer<typeof triggerSchema>;
export type TriggerOf<Type extends Trigger['type']> = Extract<Trigger, { type: Type }>;
export type CheckpointStrategy = z.infer<typeof checkpointStrategySchema>;
export type ForEach = z.infer<typeof forEachSchema>;
export type RetryOptions = z.infer<typeof retrySchema>;
/** A document as its author wrote it. */
export type WorkflowDocument = z.infer<typeof workflowSchema>;
/** A checked definition: out of its agent wrapper, with an id. */
export type WorkflowDefinition = WorkflowDocument & { id: string };
