import type { JsonObject, JsonValue } from '../definition/json.js';
import type { StepTask } from '../definition/messages.js';
import { collectValues, referencesIn, type Lookup } from '../definition/references.js';
import type { StepKind, WorkflowStep } from '../definition/types.js';
import { getsContext } from '../definition/whole-context.js';

/** What a step sees when it starts. `rerun`: how often its user had it run again. */
interface Seen {
  readonly lookup: Lookup;
  /** Names that begin references besides the usual ones. */
  readonly aliases: readonly string[];
  readonly context: () => JsonObject;
  readonly rerun: number;
}

/** What a step's activity is sent: its kind as written and the values of the references that it uses, each once. */
export function buildTask(
  workflowId: string,
  step: WorkflowStep,
  kind: StepKind,
  { lookup, aliases, context, rerun }: Seen,
): StepTask {
  const task: StepTask = { workflow_id: workflowId, kind };
  const paths = referencesIn((step.input === undefined ? kind : [kind, step.input]) as JsonValue, aliases);
  if (paths.length > 0) task.values = collectValues(paths, lookup);
  if (step.input !== undefined) task.mapping = step.input;
  if (getsContext(kind, step)) task.context = context();
  if (step.requires?.length) task.requires = step.requires;
  if (step.retry) task.retry = step.retry;
  if (rerun > 0) task.rerun = rerun;
  if (step.timeout_secs) task.timeout_secs = step.timeout_secs;
  return task;
}
