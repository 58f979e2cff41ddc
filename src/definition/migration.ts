import { affectedBy, type Cause } from './dependence.js';
import { reachableFrom } from './graph.js';
import { own } from './json.js';
import { sayCause } from './rerun.js';
import type { StepSnapshot, StepStatus } from './snapshot.js';
import { whatChanged, type StepDiff } from './step-diff.js';
import type { EntryPoint, WorkflowDefinition, WorkflowStep } from './types.js';

export const MIGRATION_DECISIONS = ['keep', 'rerun', 'drop'] as const;
/** What becomes of an ended step: its result is kept, it runs again, or its result is dropped and it is skipped. */
export type MigrationDecision = (typeof MIGRATION_DECISIONS)[number];
export type MigrationDecisions = { readonly [stepId: string]: MigrationDecision };

/** How a step differs between the two definitions. */
export type StepChange = 'same' | 'added' | 'removed' | 'changed' | 'moved';

/**
 * What becomes of a step: `keep` its state or result; `reset`: it begins anew by the new definition; `drop`: it is gone, or
 * skipped without a result; `add`: it is new; `leave_out`: it is new and not reached from the run's entry point.
 */
export type MigrationAction = 'keep' | 'reset' | 'drop' | 'add' | 'leave_out' | 'undecided' | 'refused';

export interface MigrationStep {
  readonly id: string;
  readonly change: StepChange;
  /** The fields that differ. */
  readonly fields: readonly string[];
  /** Its status in the run; absent when it is new. */
  readonly status?: StepStatus;
  readonly action: MigrationAction;
  /** What may be decided, when something must be. */
  readonly choices?: readonly MigrationDecision[];
  /** The step that runs again and that this one depends on. */
  readonly cause?: Cause;
}

/** What moving a run to another definition means. `steps`: in the order of the new document, then those that are gone. */
export interface MigrationPlan {
  readonly verdict: 'compatible' | 'needs_decisions' | 'refused';
  readonly steps: readonly MigrationStep[];
  /** Why the run as a whole cannot be moved. */
  readonly reason?: string;
}

/** A step of the run as far as a migration looks at it. */
export type MigrationState = Pick<StepSnapshot, 'status'> & { readonly until?: unknown; readonly result?: unknown };

export interface MigrationRequest {
  readonly before: WorkflowDefinition;
  readonly after: WorkflowDefinition;
  readonly states: { readonly [stepId: string]: MigrationState };
  readonly decisions?: MigrationDecisions;
  /** The entry point of the new definition that the run began at. */
  readonly entryPoint?: EntryPoint | undefined;
  /** The run has failed or was canceled and only winds down. */
  readonly ending?: boolean;
}

/** Compares two definitions by step and says what moving the run means. O(steps log steps + edges + references). */
export function planMigration(request: MigrationRequest): MigrationPlan {
  const { before, after, states, decisions = {}, entryPoint, ending } = request;
  const old = new Map(before.steps.map((step) => [step.id, step]));
  const fresh = new Set(after.steps.map((step) => step.id));
  const ranks = movedIds(before, after);
  const reached = entryPoint && reachableFrom(after.steps, entryPoint.starts_at);
  const first = after.steps.map((step): MigrationStep => {
    const was = old.get(step.id);
    if (was !== undefined) return compared(was, step, own(states, step.id), own(decisions, step.id), ranks.has(step.id));
    return { id: step.id, change: 'added', fields: [], action: reached && !reached.has(step.id) ? 'leave_out' : 'add' };
  });
  const gone = before.steps.filter((step) => !fresh.has(step.id)).map((step) => removed(step.id, own(states, step.id), own(decisions, step.id)));
  const steps = [...withAffected(first, request), ...gone];
  const reason = ending === true ? 'The run has failed or was canceled: rerun it with the new definition instead.' : undefined;
  const verdict =
    reason !== undefined || steps.some((step) => step.action === 'refused')
      ? 'refused'
      : steps.some((step) => step.action === 'undecided')
        ? 'needs_decisions'
        : 'compatible';
  return { verdict, steps, ...(reason === undefined ? {} : { reason }) };
}

/** Ids of steps in both definitions that have another place among those in both. */
function movedIds(before: WorkflowDefinition, after: WorkflowDefinition): Set<string> {
  const ids = (steps: readonly WorkflowStep[], others: readonly WorkflowStep[]): string[] => {
    const known = new Set(others.map((step) => step.id));
    return steps.map((step) => step.id).filter((id) => known.has(id));
  };
  const old = ids(before.steps, after.steps);
  return new Set(ids(after.steps, before.steps).filter((id, rank) => old[rank] !== id));
}

const isInFlight = ({ status, until }: MigrationState): boolean => status === 'running' && until === undefined;
const isSettled = ({ status }: MigrationState): boolean => status === 'done' || status === 'skipped' || status === 'failed';

function compared(
  before: WorkflowStep,
  after: WorkflowStep,
  state: MigrationState = { status: 'pending' },
  decision: MigrationDecision | undefined,
  moved: boolean,
): MigrationStep {
  const diff = whatChanged(before, after);
  const fields = [...diff.does, ...diff.place, ...diff.how];
  const change = diff.does.length + diff.how.length > 0 ? 'changed' : fields.length > 0 || moved ? 'moved' : 'same';
  const base = { id: after.id, change, fields, status: state.status } as const;
  if (isInFlight(state)) return { ...base, action: diff.does.length > 0 ? 'refused' : 'keep' };
  if (!isSettled(state)) return { ...base, action: fields.length > 0 ? 'reset' : 'keep' };
  if (decision !== undefined) return { ...base, action: actionOf(decision) };
  return settled(base, state, diff);
}

function settled(base: Omit<MigrationStep, 'action'>, state: MigrationState, { does, how, place }: StepDiff): MigrationStep {
  if (state.status === 'failed' && does.length + how.length + place.length > 0) return { ...base, action: 'reset' };
  if (does.length === 0) return { ...base, action: 'keep' };
  return { ...base, action: 'undecided', choices: MIGRATION_DECISIONS };
}

function actionOf(decision: MigrationDecision): MigrationAction {
  return decision === 'rerun' ? 'reset' : decision;
}

function removed(id: string, state: MigrationState = { status: 'pending' }, decision: MigrationDecision | undefined): MigrationStep {
  const base = { id, change: 'removed', fields: [], status: state.status } as const;
  if (isInFlight(state)) return { ...base, action: 'refused' };
  if (!isSettled(state) || state.status === 'failed' || (state.status === 'skipped' && state.result === undefined)) {
    return { ...base, action: 'drop' };
  }
  if (decision === 'keep' || decision === 'drop') return { ...base, action: decision };
  return { ...base, action: 'undecided', choices: ['keep', 'drop'] };
}

/**
 * Steps that depend on one that runs again: ended ones need a decision, running ones forbid it, others begin anew. A failed one for
 * which the run holds has nothing to keep, and retried at once it would run before what it depends on.
 */
function withAffected(steps: readonly MigrationStep[], { before, after, states, decisions = {} }: MigrationRequest): MigrationStep[] {
  const continued = new Set(before.steps.filter((step) => step.on_error === 'continue').map((step) => step.id));
  const isHeld = (id: string): boolean => own(states, id)?.status === 'failed' && !continued.has(id);
  const reruns = ({ id, action }: MigrationStep): boolean => {
    const state = own(states, id);
    if (state === undefined || !isSettled(state) || isHeld(id)) return false;
    return action === 'reset' || action === 'undecided';
  };
  const roots = new Set(steps.filter(reruns).map((step) => step.id));
  if (roots.size === 0) return [...steps];
  const stays = (id: string): boolean => own(decisions, id) === 'drop' || (own(decisions, id) === 'keep' && !isHeld(id));
  const affected = affectedBy(after, roots, { stays });
  return steps.map((step) => {
    const cause = affected.get(step.id);
    const state = own(states, step.id);
    if (cause === undefined || step.action !== 'keep' || state === undefined) return step;
    if (isInFlight(state)) return { ...step, action: 'refused', cause };
    if (!isSettled(state) || isHeld(step.id)) return { ...step, action: 'reset', cause };
    return { ...step, action: 'undecided', choices: MIGRATION_DECISIONS, cause };
  });
}

/** The plan for people: the verdict, and a line for each step that something happens to. */
export function describeMigration({ verdict, steps, reason }: MigrationPlan): string {
  const lines = steps.filter((step) => step.change !== 'same' || step.action !== 'keep').map((step) => `  ${sayStep(step)}`);
  return [sayVerdict(verdict), ...(reason === undefined ? [] : [`  ${reason}`]), ...lines].join('\n');
}

function sayVerdict(verdict: MigrationPlan['verdict']): string {
  switch (verdict) {
    case 'compatible':
      return 'The run can be moved to the new definition.';
    case 'needs_decisions':
      return 'The run can be moved once you have decided what becomes of these steps.';
    case 'refused':
      return 'The run cannot be moved to the new definition now.';
  }
}

function sayStep({ id, change, fields, status, action, choices, cause }: MigrationStep): string {
  const what = `${id}: ${change}${fields.length > 0 ? ` (${fields.join(', ')})` : ''}${status === undefined ? '' : `, ${status}`}`;
  const why = cause === undefined ? '' : `; ${sayCause(cause)}, which runs again`;
  return `${what} - ${sayAction(change, action, choices ?? [])}${why}`;
}

function sayAction(change: StepChange, action: MigrationAction, choices: readonly MigrationDecision[]): string {
  switch (action) {
    case 'keep':
      return change === 'removed' ? 'its result stays' : 'stays as it is';
    case 'reset':
      return 'begins anew';
    case 'drop':
      return change === 'removed' ? 'goes' : 'is skipped, without a result';
    case 'add':
      return 'will run';
    case 'leave_out':
      return 'is left out by the entry point of the run';
    case 'undecided':
      return `decide: ${choices.join(', ')}`;
    case 'refused':
      return 'it runs: wait until it has ended, or cancel the run';
  }
}
