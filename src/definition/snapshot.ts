import type { KindName } from '../kinds/index.js';
import type { JsonObject, JsonValue } from './json.js';

export const RUN_STATUSES = ['pending', 'running', 'paused', 'blocked', 'completed', 'failed', 'canceled'] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

export const STEP_STATUSES = [
  'pending',
  'blocked',
  'running',
  'done',
  'failed',
  'skipped',
  'waiting_for_input',
] as const;
export type StepStatus = (typeof STEP_STATUSES)[number];

/** Whether a run in this status has ended for good. */
export function isEnded(status: RunStatus): boolean {
  return status === 'completed' || status === 'failed' || status === 'canceled';
}

/** A step of a child, or of a child of it, that waits: answer it on that run. */
export interface WaitingChildStep {
  run_id: string;
  step_id: string;
  index?: number;
  message: string;
  schema?: JsonValue;
}

/** The run of a `workflow` step. `waiting`: what it waits for when it is paused, at most 20; `missing`: skills that it lacks. */
export interface ChildSnapshot {
  run_id: string;
  status: 'running' | 'paused' | 'blocked' | 'completed' | 'failed' | 'canceled';
  missing?: string[];
  waiting?: WaitingChildStep[];
}

/** Why the last attempt failed, how many there may be, and when the next one begins; without that, it runs. */
export interface Retrying {
  error: string;
  max_attempts: number;
  next_at?: string;
}

/** How far a fan-out has come. Lists hold at most 100 elements, by their position in the list. */
export interface ItemsSnapshot {
  total: number;
  done: number;
  failed: number;
  /** Begun and neither settled, waiting, blocked nor held. */
  running: number;
  failures?: { index: number; error: string; error_code?: string; held?: boolean }[];
  waiting?: { index: number; message: string; schema?: JsonValue; until?: string }[];
  /** How many wait, when those are more than `waiting` holds. */
  waiting_total?: number;
  /** Running elements whose last attempt failed: as `retrying` of a step. */
  retrying?: ({ index: number; attempts: number } & Retrying)[];
  children?: ({ index: number } & ChildSnapshot)[];
}

/** One step as an observer sees it. Times are ISO 8601 UTC. */
export interface StepSnapshot {
  status: StepStatus;
  label: string;
  kind: KindName;
  result?: JsonValue;
  /** The size in bytes of a result that was too large to show here; it stays in the run's history. */
  result_omitted?: number;
  error?: string;
  error_code?: string;
  /** The run holds for this failed step: it can be retried, skipped or given up. */
  held?: boolean;
  attempts: number;
  /** Of a running step whose last attempt failed. */
  retrying?: Retrying;
  started_at?: string;
  completed_at?: string;
  /** Skills that a blocked step lacks. */
  missing?: string[];
  /** Why they are missing, by skill, as far as it is known. */
  missing_reasons?: { [skill: string]: string };
  /** The message of a step that waits for input. */
  message?: string;
  /** JSON Schema of the answer that a waiting step expects. */
  schema?: JsonValue;
  /** When a delay, a wait with a time-out, or a block with a `queue_timeout_secs` ends by itself. */
  until?: string;
  /** How many secrets were masked in the result. */
  masked?: number;
  /** Of a fan-out that has begun. */
  items?: ItemsSnapshot;
  /** Of a `workflow` step that has begun. */
  child?: ChildSnapshot;
  /** The result is that of an earlier run, which this one is a rerun of. */
  kept?: true;
}

/** Something that did not stop the run but that its owner should know. */
export interface RunWarning {
  code: string;
  message: string;
  step_id?: string;
}

/** The run that a rerun began from, and the steps that it was told to begin at. */
export interface RerunOf {
  run_id: string;
  from: string[];
}

/** A run's move from one definition to another, by their hashes. `at`: ISO 8601 UTC. */
export interface Migration {
  from_hash: string;
  to_hash: string;
  at: string;
}

/** A run as an observer sees it. Times are ISO 8601 UTC; `steps` is in document order. */
export interface RunSnapshot {
  run_id: string;
  temporal_run_id?: string;
  workflow_id: string;
  version?: string | number;
  definition_hash: string;
  status: RunStatus;
  steps: { [stepId: string]: StepSnapshot };
  context: JsonObject;
  output?: JsonValue;
  /** Why the run failed or was canceled. */
  error?: string;
  error_code?: string;
  /** Skills that the run's due steps lack. */
  missing?: string[];
  /** Why they are missing, by skill, as far as it is known. */
  missing_reasons?: { [skill: string]: string };
  /** Since when nothing new starts: its user or its parent paused it, or it holds for a failed step. */
  paused?: { by: 'user' | 'failure' | 'parent'; at: string };
  /** Of a child: the run that started it. */
  parent_run_id?: string;
  /** Of a rerun: the run whose results it began with. */
  rerun_of?: RerunOf;
  /** The definitions that the run was moved to, the latest last. */
  migrations?: Migration[];
  /** The hash of the definition that the run moves to once its running steps have ended; nothing starts until then. */
  migrating_to?: string;
  warnings: RunWarning[];
  started_at: string;
  completed_at?: string;
  /** The last error of the interpreter when its workflow task keeps failing: the run is stuck, not merely running. */
  engine_error?: string;
}

type StepEvent<E extends string> = { event: E; workflow_id: string; step_id: string };

/** What an event says, tagged by `event` (section 4 of the format). */
export type EventBody =
  | { event: 'workflow_started'; workflow_id: string; total_steps: number }
  | (StepEvent<'step_started'> & { step_label: string; child_run_id?: string })
  | (StepEvent<'step_completed'> & { step_label: string; result: JsonValue; result_omitted?: number })
  | (StepEvent<'step_failed'> & { step_label: string; error: string; error_code?: string; held?: boolean })
  | (StepEvent<'step_skipped'> & { step_label: string })
  | (StepEvent<'step_waiting'> & { step_label: string; index?: number; message: string; schema: JsonValue; until?: string })
  | (StepEvent<'step_delayed'> & { step_label: string; until: string })
  | (StepEvent<'step_blocked'> & { step_label: string; missing: string[]; missing_reasons?: { [skill: string]: string } })
  | (StepEvent<'step_unblocked'> & { step_label: string })
  | (StepEvent<'step_progress'> & { step_label: string; total: number; done: number; failed: number })
  | (StepEvent<'step_item_failed'> & { step_label: string; index: number; error: string; error_code?: string; held?: boolean })
  | (StepEvent<'step_child'> & {
      step_label: string;
      index?: number;
      child_run_id: string;
      child_status: ChildSnapshot['status'];
      missing?: string[];
      waiting?: WaitingChildStep[];
    })
  | (StepEvent<'workflow_paused'> & { index?: number; message: string })
  | (StepEvent<'step_retried'> & { step_label: string; index?: number })
  | { event: 'run_paused'; workflow_id: string; by: 'user' | 'failure' | 'parent' }
  | { event: 'run_resumed'; workflow_id: string }
  | { event: 'run_migrated'; workflow_id: string; from_hash: string; to_hash: string }
  | { event: 'run_blocked'; workflow_id: string; missing: string[] }
  | { event: 'run_warning'; workflow_id: string; code: string; message: string; step_id?: string }
  | {
      event: 'workflow_completed';
      workflow_id: string;
      status: 'completed' | 'failed' | 'canceled';
      steps_done: number;
      steps_failed: number;
      error?: string;
    };

/** An entry of the run's log: `seq` counts from 1 and goes on for the whole life of the run; `at` is ISO 8601 UTC. */
export type LoggedEvent = EventBody & { seq: number; at: string };

/** What `run.events()` yields: the log, and events outside it that carry no `seq` and are best effort. */
export type RunEvent =
  | LoggedEvent
  | { event: 'snapshot'; seq: number; at: string; snapshot: RunSnapshot }
  | {
      event: 'step_retrying';
      at: string;
      workflow_id: string;
      step_id: string;
      index?: number;
      attempt: number;
      max_attempts: number;
      next_in_secs: number;
      error: string;
    };
