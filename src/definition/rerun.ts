import type { Code } from './codes.js';
import { affectedBy, textsOf, type Cause } from './dependence.js';
import { canonicalJson } from './canonical.js';
import { reachableFrom } from './graph.js';
import { dictionary, own, type JsonObject, type JsonValue } from './json.js';
import { InvalidInputError } from './errors.js';
import { withoutInnerWorkflows } from './own-texts.js';
import { referencesIn } from './references.js';
import type { RunSnapshot, StepSnapshot } from './snapshot.js';
import type { EntryPoint, WorkflowDefinition, WorkflowStep } from './types.js';
import { whatChanged } from './step-diff.js';
import { mayGetContext } from './whole-context.js';

/** Why a step keeps its result or runs again. */
export type RerunReason =
  | { readonly because: 'asked' | 'failed' | 'unfinished' | 'new' | 'result_lost' }
  | { readonly because: 'changed'; readonly fields: readonly string[] }
  | { readonly because: 'input'; readonly key: string }
  | { readonly because: 'affected'; readonly cause: Cause }
  | { readonly because: 'done' | 'skipped' | 'given' | 'not_reached' };

/** What a rerun of a run would do, by step id in document order. */
export interface RerunPlan {
  /** Steps that keep a result, or stay skipped. */
  readonly keep: readonly string[];
  /** Steps that run, or are decided on, again. */
  readonly run: readonly string[];
  readonly reasons: { readonly [stepId: string]: RerunReason };
}

/** What is to be different this time. */
export interface RerunRequest {
  /** Steps to run again, with all that depends on them. */
  readonly from?: readonly string[];
  /** Results to put in place of those that steps had: what depends on these steps runs again. */
  readonly results?: { readonly [stepId: string]: JsonValue };
  /** The definition that the run had; default: the same. Steps that do something else now run again. */
  readonly before?: WorkflowDefinition;
  /** Where the run began. */
  readonly entryPoint?: EntryPoint | undefined;
  /** Top-level keys of the input that differ. Without `from`, what reads them runs again. */
  readonly changedInput?: readonly string[];
}

/** A step that a run begins with: what it gave in an earlier run. */
export interface SeededStep {
  status: 'done' | 'skipped';
  result?: JsonValue;
  /** When it is not the label as it is written. */
  label?: string;
}

/** A new run's beginning, by step id, in the order in which the steps ended. */
export type Seed = { [stepId: string]: SeededStep };

/**
 * Says which steps of a run would run again and which keep their results.
 * @throws InvalidInputError with `UNKNOWN_STEP` when `from` or `results` names a step that is not there
 */
export function planRerun(definition: WorkflowDefinition, snapshot: Pick<RunSnapshot, 'steps'>, request: RerunRequest = {}): RerunPlan {
  const { results = {} } = request;
  checkNames(definition, request);
  const outside = unreached(definition, request.entryPoint);
  const roots = rootsOf(definition, snapshot.steps, request, outside);
  const runs = new Set([...roots].filter(([, reason]) => reason.because !== 'given').map(([id]) => id));
  const changed = new Set([...roots.keys()].filter((id) => runs.has(id) || differs(own(results, id), own(snapshot.steps, id))));
  const affected = affectedBy(definition, changed, { onlyExplicit: (id) => outside.has(id) });
  const plan = { keep: [] as string[], run: [] as string[], reasons: dictionary<RerunReason>() };
  for (const { id } of definition.steps) {
    const root = roots.get(id);
    const cause = root === undefined ? affected.get(id) : undefined;
    const again = runs.has(id) || cause !== undefined;
    (again ? plan.run : plan.keep).push(id);
    plan.reasons[id] = root ?? (cause ? { because: 'affected', cause } : kept(own(snapshot.steps, id), outside.has(id)));
  }
  return plan;
}

/** The results that a new run by this plan begins with. */
export function seedOf(
  definition: WorkflowDefinition,
  snapshot: Pick<RunSnapshot, 'steps'>,
  plan: RerunPlan,
  request: RerunRequest = {},
): Seed {
  const written = new Map(definition.steps.map(({ id, label }) => [id, label ?? id]));
  const { results = {}, entryPoint } = request;
  const ended = (id: string): string => own(snapshot.steps, id)?.completed_at ?? '';
  const seed: Seed = dictionary<SeededStep>();
  for (const id of [...plan.keep].sort((a, b) => (ended(a) < ended(b) ? -1 : ended(a) > ended(b) ? 1 : 0))) {
    const given = own(results, id);
    const step = own(snapshot.steps, id);
    if (given !== undefined) seed[id] = { status: 'done', result: given };
    else {
      const result = step?.result === undefined ? own(entryPoint?.preset_results ?? {}, id) : step.result;
      const label = step === undefined || step.label === written.get(id) ? {} : { label: step.label };
      seed[id] = { status: step?.status === 'done' ? 'done' : 'skipped', ...(result === undefined ? {} : { result }), ...label };
    }
  }
  return seed;
}

/** Top-level keys whose values differ between two inputs. */
export function changedKeys(before: JsonObject, after: JsonObject): string[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].filter((key) => canonicalJson(own(before, key)) !== canonicalJson(own(after, key)));
}

function checkNames({ steps }: WorkflowDefinition, { from = [], results = {} }: RerunRequest): void {
  const known = new Set(steps.map((step) => step.id));
  for (const id of [...from, ...Object.keys(results)]) {
    if (!known.has(id)) throw refusal('UNKNOWN_STEP', `The workflow has no step '${id}'`);
  }
  const twice = from.find((id) => own(results, id) !== undefined);
  if (twice !== undefined) throw refusal('INVALID_INPUT', `Step '${twice}' cannot both run again and be given a result`);
}

function refusal(code: Code, message: string): InvalidInputError {
  return new InvalidInputError(code, message);
}

/** Steps that the entry point leaves out. */
function unreached(definition: WorkflowDefinition, entryPoint: EntryPoint | undefined): Set<string> {
  if (entryPoint === undefined) return new Set();
  const reached = reachableFrom(definition.steps, entryPoint.starts_at);
  return new Set(definition.steps.map((step) => step.id).filter((id) => !reached.has(id)));
}

/** Steps that run again, or have another result, for a reason of their own. */
function rootsOf(
  definition: WorkflowDefinition,
  steps: RunSnapshot['steps'],
  request: RerunRequest,
  outside: ReadonlySet<string>,
): Map<string, RerunReason> {
  const from = new Set(request.from ?? []);
  const before = new Map((request.before ?? definition).steps.map((step) => [step.id, step]));
  const roots = new Map<string, RerunReason>();
  for (const step of definition.steps) {
    const reason = from.has(step.id)
      ? ({ because: 'asked' } as const)
      : own(request.results ?? {}, step.id) !== undefined
        ? ({ because: 'given' } as const)
        : (outside.has(step.id) ? undefined : (ownReason(step, before.get(step.id), own(steps, step.id)) ?? inputReason(step, request)));
    if (reason) roots.set(step.id, reason);
  }
  return roots;
}

function ownReason(step: WorkflowStep, before: WorkflowStep | undefined, state: StepSnapshot | undefined): RerunReason | undefined {
  if (before === undefined || state === undefined) return { because: 'new' };
  if (state.status === 'failed') return { because: 'failed' };
  if (state.status !== 'done' && state.status !== 'skipped') return { because: 'unfinished' };
  if (state.result === undefined && state.result_omitted !== undefined) return { because: 'result_lost' };
  const { does } = whatChanged(before, step);
  return does.length > 0 ? { because: 'changed', fields: does } : undefined;
}

function inputReason(step: WorkflowStep, { from, changedInput = [] }: RerunRequest): RerunReason | undefined {
  const [any] = changedInput;
  if ((from !== undefined && from.length > 0) || any === undefined) return undefined;
  if (mayGetContext(step)) return { because: 'input', key: any };
  for (const path of referencesIn(withoutInnerWorkflows(textsOf(step)))) {
    const [namespace, first] = path.split('.');
    if (namespace !== 'input' && namespace !== 'context') continue;
    const key = first === undefined || (namespace === 'context' && first === 'input') ? any : first;
    if (changedInput.includes(key)) return { because: 'input', key };
  }
  return undefined;
}

function differs(given: JsonValue | undefined, step: StepSnapshot | undefined): boolean {
  return step?.result === undefined || canonicalJson(given) !== canonicalJson(step.result);
}

function kept(step: StepSnapshot | undefined, outside: boolean): RerunReason {
  if (outside && step?.status !== 'done') return { because: 'not_reached' };
  return { because: step?.status === 'done' ? 'done' : 'skipped' };
}

/** The plan for people: a line for each step. */
export function describeRerun({ keep, run, reasons }: RerunPlan): string {
  const lines = (title: string, ids: readonly string[]): string[] =>
    ids.length === 0 ? [] : [title, ...ids.map((id) => `  ${id}: ${sayReason(own(reasons, id))}`)];
  return [...lines('These steps run again:', run), ...lines('These steps keep their results:', keep)].join('\n');
}

function sayReason(reason: RerunReason | undefined): string {
  switch (reason?.because) {
    case undefined:
      return '';
    case 'asked':
      return 'you asked for it';
    case 'failed':
      return 'it failed';
    case 'unfinished':
      return 'it had not ended';
    case 'new':
      return 'it is new';
    case 'result_lost':
      return 'its result was too large to keep';
    case 'changed':
      return `its ${reason.fields.join(', ')} changed`;
    case 'input':
      return `it reads the input '${reason.key}', which changed`;
    case 'affected':
      return sayCause(reason.cause);
    case 'given':
      return 'you gave its result';
    case 'done':
      return 'it is done';
    case 'skipped':
      return 'it was skipped';
    case 'not_reached':
      return 'the entry point leaves it out';
  }
}

/** Why a step is affected, for people. */
export function sayCause({ how, step }: Cause): string {
  switch (how) {
    case 'depends_on':
      return `it depends on '${step}'`;
    case 'refers_to':
      return `it refers to '${step}'`;
    case 'runs_after':
      return `it runs after '${step}'`;
  }
}
