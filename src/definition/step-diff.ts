import { canonicalJson } from './canonical.js';
import { textsOf } from './dependence.js';
import { isObject, own, type JsonObject } from './json.js';
import type { WorkflowStep } from './types.js';

/** What differs between two forms of a step. */
export interface StepDiff {
  /** Fields that decide what the step does and gives. */
  readonly does: readonly string[];
  /** Its place in the graph: dependencies, order, and when it runs. */
  readonly place: readonly string[];
  /** All else: how it is tried, what it needs and how it is called. */
  readonly how: readonly string[];
}

const DOES = new Set(['kind', 'input', 'context', 'skip_if', 'for_each']);
const PLACE = new Set(['depends_on', 'execution', 'run_on', 'on_error']);

/** Compares two forms of a step by what they mean: absent and null are the same, as is the order of dependencies. */
export function whatChanged(before: WorkflowStep, after: WorkflowStep): StepDiff {
  const [old, now] = [fieldsOf(before), fieldsOf(after)];
  const names = [...new Set([...Object.keys(old), ...Object.keys(now)])].filter(
    (name) => canonicalJson(own(old, name) ?? null) !== canonicalJson(own(now, name) ?? null),
  );
  return {
    does: names.filter((name) => DOES.has(name)),
    place: names.filter((name) => PLACE.has(name)),
    how: names.filter((name) => !DOES.has(name) && !PLACE.has(name)),
  };
}

function fieldsOf(step: WorkflowStep): JsonObject {
  const texts = textsOf(step);
  const dependencies = [...new Set(step.depends_on ?? [])].sort();
  return { ...(isObject(texts) ? texts : {}), depends_on: dependencies.length > 0 ? dependencies : null };
}
