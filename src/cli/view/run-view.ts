import { dictionary, own, type JsonValue } from '../../definition/json.js';
import {
  isEnded,
  type ChildSnapshot,
  type LoggedEvent,
  type RunEvent,
  type RunSnapshot,
  type RunStatus,
  type RunWarning,
  type StepSnapshot,
  type StepStatus,
} from '../../definition/snapshot.js';
import type { WorkflowDefinition } from '../../definition/types.js';
import { applyToItems, childOfEvent, emptyItems, itemsOfSnapshot, retryOf, settleItems, type ItemsView, type RetryView } from './items-view.js';

/** A step as the terminal shows it. Times are milliseconds since the epoch. */
export interface StepView {
  readonly id: string;
  readonly label: string;
  status: StepStatus;
  startedAt?: number;
  completedAt?: number;
  attempts: number;
  error?: string;
  missing?: string[];
  /** Why, by skill. */
  missingReasons?: { [skill: string]: string };
  message?: string;
  schema?: JsonValue;
  /** When a delay, or a wait with a time-out, ends by itself. */
  until?: number;
  /** The run holds for this failed step. */
  held?: boolean;
  retry?: RetryView;
  /** Of a fan-out. */
  items?: ItemsView;
  /** Of a step that runs another workflow, once it has begun. */
  child?: ChildSnapshot;
}

/** A run as its events tell it. `steps` is in document order. */
export interface RunView {
  readonly runId: string;
  readonly workflowId: string;
  status: RunStatus;
  /** Who lets nothing new start. */
  paused?: 'user' | 'failure' | 'parent';
  startedAt: number;
  completedAt?: number;
  error?: string;
  engineError?: string;
  steps: { [stepId: string]: StepView };
  warnings: RunWarning[];
  /** Connection to the permissions that the definition asks of it, when the definition is known. */
  readonly permissions: { readonly [skill: string]: readonly string[] };
}

/** The run before its first event. */
export function viewOfDefinition(definition: WorkflowDefinition, runId: string, now: number): RunView {
  const steps = dictionary<StepView>();
  for (const step of definition.steps) {
    const items = step.for_each == null ? {} : { items: emptyItems() };
    steps[step.id] = { id: step.id, label: step.label ?? step.id, status: 'pending', attempts: 0, ...items };
  }
  const permissions = permissionsOf(definition);
  return { runId, workflowId: definition.id, status: 'running', startedAt: now, steps, warnings: [], permissions };
}

function permissionsOf(definition: WorkflowDefinition): { [skill: string]: string[] } {
  const permissions = dictionary<string[]>();
  for (const requirement of definition.steps.flatMap((step) => step.requires ?? [])) {
    const asked = [...(own(permissions, requirement.skill) ?? []), ...(requirement.permissions ?? [])];
    permissions[requirement.skill] = [...new Set(asked)];
  }
  return permissions;
}

export function viewOfSnapshot(snapshot: RunSnapshot): RunView {
  return { ...stateOf(snapshot), permissions: {} };
}

function stateOf(snapshot: RunSnapshot): Omit<RunView, 'permissions'> {
  const steps = dictionary<StepView>();
  for (const [id, step] of Object.entries(snapshot.steps)) {
    steps[id] = stepOf(id, step);
  }
  return {
    runId: snapshot.run_id,
    workflowId: snapshot.workflow_id,
    status: snapshot.status,
    startedAt: Date.parse(snapshot.started_at),
    ...(snapshot.completed_at === undefined ? {} : { completedAt: Date.parse(snapshot.completed_at) }),
    error: snapshot.error,
    paused: snapshot.paused?.by,
    engineError: snapshot.engine_error,
    steps,
    warnings: [...snapshot.warnings],
  };
}

function stepOf(id: string, step: StepSnapshot): StepView {
  const { status, label, attempts, error, missing, message, schema, child } = step;
  const view: StepView = { id, label, status, attempts, error, missing, message, schema };
  if (step.started_at !== undefined) view.startedAt = Date.parse(step.started_at);
  if (step.completed_at !== undefined) view.completedAt = Date.parse(step.completed_at);
  if (step.until !== undefined) view.until = Date.parse(step.until);
  if (step.held === true) view.held = true;
  if (step.missing_reasons !== undefined) view.missingReasons = step.missing_reasons;
  if (step.retrying !== undefined) view.retry = retryOf(step.attempts, step.retrying);
  if (step.items !== undefined) view.items = itemsOfSnapshot(step.items);
  if (child !== undefined) view.child = child;
  return view;
}

/** Takes everything from a fresh snapshot. */
export function refresh(view: RunView, snapshot: RunSnapshot): void {
  Object.assign(view, stateOf(snapshot));
}

/** Takes how open fan-outs and children stand from a fresh snapshot: their events do not tell all of it. */
export function takeParts(view: RunView, snapshot: RunSnapshot): void {
  if (isEnded(view.status) || isEnded(snapshot.status)) return;
  view.status = snapshot.status;
  for (const step of Object.values(view.steps)) {
    const fresh = own(snapshot.steps, step.id);
    if (fresh?.items === undefined && fresh?.child === undefined) continue;
    if (isSettled(step) || isSettled(fresh)) continue;
    const { status, items, child, missing, missingReasons, held } = stepOf(step.id, fresh);
    Object.assign(step, { status, items, child, missing, missingReasons, held });
  }
}

function isSettled({ status, held }: Pick<StepView, 'status' | 'held'>): boolean {
  return status === 'done' || status === 'skipped' || (status === 'failed' && held !== true);
}

/** Takes the steps of the definition that the run was moved to; what became of them, later events tell. */
export function takeSteps(view: RunView, snapshot: RunSnapshot): void {
  const steps = dictionary<StepView>();
  for (const [id, { label, items }] of Object.entries(snapshot.steps)) {
    steps[id] = own(view.steps, id) ?? { id, label, status: 'pending', attempts: 0, ...(items && { items: emptyItems() }) };
  }
  view.steps = steps;
}

/** Puts one event into the view. */
export function apply(view: RunView, event: RunEvent): void {
  if (event.event === 'snapshot') {
    refresh(view, event.snapshot);
    return;
  }
  if (event.event === 'step_retrying') {
    applyRetrying(own(view.steps, event.step_id), event);
    return;
  }
  const at = Date.parse(event.at);
  if ('step_id' in event && event.step_id !== undefined) applyToStep(view, event.step_id, event, at);
  applyToRun(view, event, at);
}

function applyRetrying(step: StepView | undefined, event: Extract<RunEvent, { event: 'step_retrying' }>): void {
  if (step?.status !== 'running') return;
  const { attempt, max_attempts: maxAttempts, error } = event;
  const retry = { attempt, maxAttempts, dueAt: Date.parse(event.at) + event.next_in_secs * 1000, error };
  if (event.index === undefined) step.retry = retry;
  else step.items?.retrying.set(event.index, retry);
}

function applyToRun(view: RunView, event: LoggedEvent, at: number): void {
  switch (event.event) {
    case 'workflow_started':
      view.startedAt = at;
      view.status = 'running';
      return;
    case 'workflow_paused':
      view.status = 'paused';
      return;
    case 'run_blocked':
      view.status = 'blocked';
      return;
    case 'run_paused':
      view.paused = event.by;
      return;
    case 'run_resumed':
      delete view.paused;
      return;
    case 'workflow_completed':
      delete view.paused;
      view.status = event.status;
      view.completedAt = at;
      view.error = event.error;
      return;
    case 'run_warning':
      view.warnings.push({ code: event.code, message: event.message, ...(event.step_id && { step_id: event.step_id }) });
      return;
    case 'step_started':
    case 'step_completed':
    case 'step_progress':
    case 'step_unblocked':
      if (!isEnded(view.status)) view.status = 'running';
      return;
    case 'step_failed':
    case 'step_skipped':
    case 'step_waiting':
    case 'step_delayed':
    case 'step_blocked':
    case 'step_retried':
    case 'step_item_failed':
    case 'step_child':
    case 'run_migrated':
      return;
  }
}

function applyToStep(view: RunView, stepId: string, event: LoggedEvent, at: number): void {
  const step = own(view.steps, stepId);
  if (step === undefined) return;
  if ('index' in event || event.event === 'step_progress') {
    if (applyToItems((step.items ??= emptyItems()), event)) {
      // That elements are blocked is told before how far it has come; it ends with `step_unblocked`.
      if (event.event === 'step_progress' && !isSettled(step) && step.status !== 'blocked') step.status = 'running';
      return;
    }
  }
  switch (event.event) {
    case 'step_started':
      step.status = 'running';
      step.startedAt = at;
      step.attempts = 1;
      if (event.child_run_id !== undefined) step.child = { run_id: event.child_run_id, status: 'running' };
      return;
    case 'step_completed':
      settle(step, 'done', at);
      if (step.items) settleItems(step.items, Array.isArray(event.result) ? event.result.length : undefined);
      return;
    case 'step_failed':
      settle(step, 'failed', at);
      step.error = event.error;
      if (event.held === true) step.held = true;
      if (step.items) settleItems(step.items, undefined);
      return;
    case 'step_skipped':
      settle(step, 'skipped', at);
      return;
    case 'step_retried':
      step.status = 'pending';
      for (const key of ['error', 'held', 'startedAt', 'completedAt'] as const) delete step[key];
      return;
    case 'step_delayed':
      step.until = Date.parse(event.until);
      return;
    case 'step_waiting':
      step.status = 'waiting_for_input';
      step.startedAt = at;
      step.message = event.message;
      step.schema = event.schema;
      if (event.until !== undefined) step.until = Date.parse(event.until);
      return;
    case 'step_blocked':
      step.status = 'blocked';
      step.missing = event.missing;
      step.missingReasons = event.missing_reasons;
      delete step.retry;
      return;
    case 'step_unblocked':
      step.status = step.items === undefined ? 'pending' : 'running';
      delete step.missing;
      delete step.missingReasons;
      return;
    case 'step_child':
      takeChild(step, childOfEvent(event));
      return;
    case 'step_progress':
    case 'step_item_failed':
    case 'workflow_paused':
    case 'workflow_started':
    case 'workflow_completed':
    case 'run_paused':
    case 'run_resumed':
    case 'run_migrated':
    case 'run_blocked':
    case 'run_warning':
      return;
  }
}

/** A step stands as its child does. */
function takeChild(step: StepView, child: ChildSnapshot): void {
  const waits = child.status === 'paused' && child.waiting !== undefined;
  step.child = child;
  step.status = waits ? 'waiting_for_input' : child.status === 'blocked' ? 'blocked' : 'running';
  if (child.missing === undefined) delete step.missing;
  else step.missing = child.missing;
}

function settle(step: StepView, status: 'done' | 'failed' | 'skipped', at: number): void {
  if (step.retry !== undefined) step.attempts = step.retry.attempt;
  step.status = status;
  step.completedAt = at;
  for (const key of ['retry', 'missing', 'missingReasons', 'until', 'held'] as const) delete step[key];
}
