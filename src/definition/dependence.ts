import { kinds, type KindName } from '../kinds/index.js';
import { isBehindAll } from './graph.js';
import { own, type JsonValue } from './json.js';
import { withoutInnerWorkflows } from './own-texts.js';
import { referencesIn } from './references.js';
import type { StepKind, WorkflowDefinition, WorkflowStep } from './types.js';

/** Why a step is affected: the step that it depends on, refers to, or runs after by document order. */
export interface Cause {
  readonly how: 'depends_on' | 'refers_to' | 'runs_after';
  readonly step: string;
}

/** Reads a step's own texts: what a document says, without the fields that older engines wrote. */
export function textsOf(step: WorkflowStep): JsonValue {
  const { id: _id, depends_on: _on, status: _s, result: _r, error: _e, started_at: _b, completed_at: _c, ...rest } = step;
  return rest as unknown as JsonValue;
}

/** Steps to which less applies, by id. */
export interface Exceptions {
  /** Nothing but `depends_on` counts for these. */
  readonly onlyExplicit?: (id: string) => boolean;
  /** These keep what they have: they are not affected, and nothing is through them. */
  readonly stays?: (id: string) => boolean;
}

const never = (): boolean => false;

/**
 * The steps that see other values, or run anew, when the roots run again; the roots themselves are left out. A step is
 * affected through `depends_on`, through references, and, when it is sequential and names no dependency (or stands
 * behind all others by its `run_on`), through everything that runs before it. O(steps log steps + edges + references).
 */
export function affectedBy(
  definition: WorkflowDefinition,
  roots: ReadonlySet<string>,
  { onlyExplicit = never, stays = never }: Exceptions = {},
): Map<string, Cause> {
  const { steps } = definition;
  const known = new Set(steps.map((step) => step.id));
  const affected = new Map<string, Cause>();
  const hit = (id: string): boolean => roots.has(id) || affected.has(id);
  let latest: string | undefined;
  for (const index of executionOrder(steps)) {
    const step = steps[index] as WorkflowStep;
    if (!roots.has(step.id) && !stays(step.id)) {
      const cause = causeOf(step, { known, hit, latest, steps, explicit: onlyExplicit(step.id) });
      if (cause) affected.set(step.id, cause);
    }
    if (hit(step.id)) latest = step.id;
  }
  return affected;
}

interface Search {
  readonly known: ReadonlySet<string>;
  hit(id: string): boolean;
  /** The last step before this one that is hit. */
  readonly latest: string | undefined;
  readonly steps: readonly WorkflowStep[];
  readonly explicit: boolean;
}

function causeOf(step: WorkflowStep, search: Search): Cause | undefined {
  const dependencies = step.depends_on ?? [];
  const dependency = dependencies.find((id) => search.hit(id));
  if (dependency !== undefined) return { how: 'depends_on', step: dependency };
  if (search.explicit) return undefined;
  const reference = stepsReferredTo(step, search).find((id) => id !== step.id && search.hit(id));
  if (reference !== undefined) return { how: 'refers_to', step: reference };
  const byOrder = dependencies.length === 0 && (step.execution !== 'parallel' || (step.run_on ?? 'success') !== 'success');
  return byOrder && search.latest !== undefined ? { how: 'runs_after', step: search.latest } : undefined;
}

/** Ids of the steps whose results the texts of a step name. */
function stepsReferredTo(step: WorkflowStep, { known, latest, steps }: Search): string[] {
  const ids: string[] = [];
  for (const path of referencesIn(withoutInnerWorkflows(textsOf(step)))) {
    const [namespace, first] = path.split('.');
    if (namespace === 'steps' && first === undefined && latest !== undefined) ids.push(latest);
    if (first === undefined || (namespace !== 'steps' && namespace !== 'context')) continue;
    if (known.has(first)) ids.push(first);
    if (namespace === 'context') for (const other of steps) if (storesAt(other.kind, first)) ids.push(other.id);
  }
  return ids;
}

/** Whether a step of this kind, or of a branch of it, stores its result at a top-level key of the context too. */
function storesAt(kind: StepKind, key: string): boolean {
  if (kind.type === 'condition') return [kind.if_true, kind.if_false].some((branch) => branch != null && storesAt(branch, key));
  const plain = own(kinds, kind.type as KindName);
  return plain?.runs === 'activity' && 'contextKey' in plain && plain.contextKey === key;
}

/** The positions of the steps in the order in which they would run if each took no time. */
function executionOrder(steps: readonly WorkflowStep[]): number[] {
  const { dependents, remaining } = edgesOf(steps);
  const parallel: number[] = [];
  const sequential: number[] = [];
  const last: number[] = [];
  const push = (index: number): void => {
    const step = steps[index] as WorkflowStep;
    if (isBehindAll(step)) last.push(index);
    else if (step.execution === 'parallel') parallel.push(index);
    else insert(sequential, index);
  };
  remaining.forEach((count, index) => count === 0 && push(index));
  const order: number[] = [];
  for (let head = 0; ; ) {
    const index = head < parallel.length ? parallel[head++] : (sequential.pop() ?? last.pop());
    if (index === undefined) return order;
    order.push(index);
    for (const dependent of dependents[index] ?? []) {
      const left = (remaining[dependent] ?? 0) - 1;
      remaining[dependent] = left;
      if (left === 0) push(dependent);
    }
  }
}

function edgesOf(steps: readonly WorkflowStep[]): { dependents: number[][]; remaining: number[] } {
  const indexOf = new Map(steps.map((step, index) => [step.id, index]));
  const dependents = steps.map((): number[] => []);
  const remaining = steps.map((step, index) => {
    const dependencies = new Set((step.depends_on ?? []).flatMap((id) => indexOf.get(id) ?? []));
    for (const dependency of dependencies) dependents[dependency]?.push(index);
    return dependencies.size;
  });
  return { dependents, remaining };
}

/** Keeps the list sorted downwards, so that its end is the first in document order. */
function insert(list: number[], index: number): void {
  let low = 0;
  for (let high = list.length; low < high; ) {
    const middle = (low + high) >> 1;
    if ((list[middle] as number) > index) low = middle + 1;
    else high = middle;
  }
  list.splice(low, 0, index);
}
