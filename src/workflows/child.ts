import { isObject, type JsonObject, type JsonValue } from '../definition/json.js';
import type { ChildReport } from '../definition/messages.js';
import { resolve, resolveText, type Lookup } from '../definition/references.js';
import type { ConfigOf, WorkflowDefinition } from '../definition/types.js';
import type { RunState } from './run-state.js';
import { fail, finish } from './settle.js';
import type { Failure } from './state.js';
import type { Unit } from './unit.js';

/** What a child is started with: a definition, or the id of one that the engine's workers have. */
export interface ChildRequest {
  readonly run_id: string;
  readonly workflow_id: string;
  readonly version?: string | number;
  readonly definition?: WorkflowDefinition;
  readonly input: JsonObject;
  readonly entry_point?: string;
}

/** How a child ended, as its parent learns of it. */
export type ChildEnd =
  | { readonly status: 'completed'; readonly output: JsonValue }
  | { readonly status: 'failed' | 'canceled'; readonly failure: Failure };

/** The request for a child, or why there can be none. */
export function childRequest(kind: ConfigOf<'workflow'>, unit: Unit, ids: { parent: string; run: string }, lookup: Lookup): ChildRequest | Failure {
  const input = inputOf(kind, unit.step.step.input, lookup);
  if (!isObject(input)) {
    return { code: 'INVALID_INPUT', message: `The input of a workflow must be an object, not ${JSON.stringify(input)?.slice(0, 100)}` };
  }
  const definition = kind.definition ? ({ id: `${ids.parent}/${unit.step.id}`, ...kind.definition } as unknown as WorkflowDefinition) : undefined;
  return {
    run_id: ids.run,
    workflow_id: definition?.id ?? resolveText(kind.workflow_id ?? '', lookup),
    ...(kind.version == null ? {} : { version: kind.version }),
    ...(definition ? { definition } : {}),
    input,
    ...(kind.entry_point == null ? {} : { entry_point: kind.entry_point }),
  };
}

/** `kind.input` laid over the step's mapping, or whichever is there; without either, no input. */
function inputOf(kind: ConfigOf<'workflow'>, mapping: JsonValue | undefined, lookup: Lookup): JsonValue {
  const [below, above] = [mapping, kind.input].map((value) => (value == null ? undefined : resolve(value, lookup)));
  if (below === undefined || above === undefined) return above ?? below ?? {};
  return isObject(below) && isObject(above) ? { ...below, ...above } : above;
}

/** A child says how it stands. */
export function childChanged(run: RunState, { run_id, status, missing, waiting: told }: ChildReport): void {
  const unit = run.children.get(run_id);
  if (!unit?.state.child) return;
  const { ending, told_paused } = unit.state.child;
  const waiting = told?.filter(({ run_id: of, step_id, message }) => [of, step_id, message].every((text) => typeof text === 'string'));
  unit.state.child = {
    run_id,
    status,
    ...(missing?.length ? { missing } : {}),
    ...(waiting?.length ? { waiting } : {}),
    ...(told_paused ? { told_paused } : {}),
    ...(ending ? { ending } : {}),
  };
  if (status === 'running') run.runningChildren.add(unit);
  else run.runningChildren.delete(unit);
  run.tell(unit, 'step_child', { child_run_id: run_id, child_status: status, ...(missing?.length ? { missing } : {}), ...(waiting?.length ? { waiting } : {}) });
}

/** A child has ended: so has its step. */
export function childEnded(run: RunState, runId: string, end: ChildEnd): void {
  const unit = run.children.get(runId);
  if (!unit) return;
  run.children.delete(runId);
  run.runningChildren.delete(unit);
  const ending = unit.state.child?.ending;
  unit.state.attempts = 1;
  unit.state.child = { run_id: runId, status: end.status };
  run.deadlines.delete(unit.index);
  if (end.status === 'completed') return finish(run, unit, 'done', end.output);
  fail(run, unit, end.status === 'canceled' && ending ? ending : end.failure);
}
