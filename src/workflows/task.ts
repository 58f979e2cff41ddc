import type { JsonObject, JsonValue } from '../definition/json.js';
import { SHARED_FROM_BYTES, type SharedValues, type StepTask } from '../definition/messages.js';
import { withoutInnerWorkflows } from '../definition/own-texts.js';
import { collectValues, referencesIn, type Lookup } from '../definition/references.js';
import type { StepKind, WorkflowStep } from '../definition/types.js';
import { getsContext } from '../definition/whole-context.js';
import { jsonBytes } from './size.js';

/** What a step sees when it starts. `rerun`: how often its user had it run again. */
interface Seen {
  readonly lookup: Lookup;
  /** Names that begin references besides the usual ones. */
  readonly aliases: readonly string[];
  readonly context: () => JsonObject;
  readonly rerun: number;
  /** What all elements of the fan-out are sent alike, apart. */
  readonly shared?: Shared | undefined;
}

/** Values that all elements of a fan-out are sent alike, by path; with `context` it is sent apart as well. */
export interface Shared {
  readonly values: { readonly [path: string]: JsonValue };
}

/** What a step's activity is sent: its kind as written and the values of the references that it uses, each once. */
export function buildTask(
  workflowId: string,
  step: WorkflowStep,
  kind: StepKind,
  { lookup, aliases, context, rerun, shared }: Seen,
): StepTask {
  const task: StepTask = { workflow_id: workflowId, kind };
  const paths = referencesIn((step.input == null ? kind : [kind, step.input]) as JsonValue, aliases);
  const own = shared ? paths.filter((path) => !Object.hasOwn(shared.values, path)) : paths;
  if (own.length > 0) task.values = collectValues(own, lookup);
  // Null is as good as absent, as for every optional field.
  if (step.input != null) task.mapping = step.input;
  if (!shared && getsContext(kind, step)) task.context = context();
  if (step.requires?.length) task.requires = step.requires;
  if (step.retry) task.retry = step.retry;
  if (rerun > 0) task.rerun = rerun;
  if (step.timeout_secs) task.timeout_secs = step.timeout_secs;
  return task;
}

/** What all elements of a fan-out are sent alike and is large: results of steps and the input, which do not change any more. */
export function sharedOf(step: WorkflowStep, lookup: Lookup): Shared {
  const paths = referencesIn([withoutInnerWorkflows(step.kind as JsonValue), step.input ?? null]);
  const lasting = paths.filter((path) => /^(input|steps)(\.|$)/.test(path));
  const values = collectValues(lasting, lookup);
  for (const [path, value] of Object.entries(values)) if (jsonBytes(value) < SHARED_FROM_BYTES) delete values[path];
  return { values };
}

/** What is sent beside the task of an element; undefined when there is nothing. */
export function sharedArgument({ values }: Shared, kind: StepKind, step: WorkflowStep, context: () => JsonObject): SharedValues | undefined {
  const has = Object.keys(values).length > 0;
  const whole = getsContext(kind, step);
  if (!has && !whole) return undefined;
  return { distri_shared: 1, ...(has ? { values } : {}), ...(whole ? { context: context() } : {}) };
}
