import type { Expression } from '../definition/expressions.js';
import { parseExpression } from '../definition/expressions.js';
import type { EntryPoint, StepRequirement, WorkflowDefinition, WorkflowStep } from '../definition/types.js';

/** A step with its place in the graph. */
export interface PlanStep {
  readonly index: number;
  readonly id: string;
  readonly step: WorkflowStep;
  readonly parallel: boolean;
  readonly requires: readonly StepRequirement[];
  readonly runOn: 'success' | 'failure' | 'always';
  readonly skipIf: Expression | undefined;
  readonly dependencyCount: number;
  readonly dependents: number[];
}

/** A definition compiled for a run: references by id are indexes, expressions are parsed. */
export interface Plan {
  readonly definition: WorkflowDefinition;
  readonly steps: readonly PlanStep[];
  readonly indexOf: ReadonlyMap<string, number>;
  readonly entryPoint: EntryPoint | undefined;
}

const DEFAULT_CONCURRENCY = 100;

/** How many activities a run of this definition has at once, at most. */
export function concurrencyOf(definition: WorkflowDefinition): number {
  return definition.concurrency ?? DEFAULT_CONCURRENCY;
}

/** Compiles a valid definition; O(steps + edges). */
export function compilePlan(definition: WorkflowDefinition, entryPointId: string | undefined): Plan {
  const indexOf = new Map<string, number>();
  definition.steps.forEach((step, index) => indexOf.set(step.id, index));
  const steps = definition.steps.map((step, index): PlanStep => ({
    index,
    id: step.id,
    step,
    parallel: step.execution === 'parallel',
    requires: step.requires ?? [],
    runOn: step.run_on ?? 'success',
    skipIf: step.skip_if ? parseExpression(step.skip_if) : undefined,
    dependencyCount: new Set(step.depends_on ?? []).size,
    dependents: [],
  }));
  for (const { index, step } of steps) {
    for (const dependency of new Set(step.depends_on ?? [])) {
      steps[indexOf.get(dependency) ?? -1]?.dependents.push(index);
    }
  }
  const entryPoint = definition.entry_points?.find((candidate) => candidate.id === entryPointId);
  return { definition, steps, indexOf, entryPoint };
}

/** Whether each step can be reached forward from `start`, itself included. */
export function reachable(plan: Plan, start: number): boolean[] {
  const reached = new Array<boolean>(plan.steps.length).fill(false);
  const stack = [start];
  reached[start] = true;
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    for (const dependent of plan.steps[next]?.dependents ?? []) {
      if (reached[dependent]) continue;
      reached[dependent] = true;
      stack.push(dependent);
    }
  }
  return reached;
}
