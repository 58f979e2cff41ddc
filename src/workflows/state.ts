import type { Code } from '../definition/codes.js';
import type { JsonValue } from '../definition/json.js';
import type { ChildSnapshot, StepStatus, WaitingChildStep } from '../definition/snapshot.js';
import type { StepKind } from '../definition/types.js';

/** References may make a label of any length, and each event of the step repeats it. */
export const LONGEST_LABEL = 1_000;

/** An element of a fan-out that failed. */
export interface ElementFailure {
  index: number;
  error: string;
  error_code: Code;
}

/** How far a fan-out has come. `failures`: the first hundred. */
export interface ElementsState {
  total: number;
  done: number;
  failed: number;
  failures?: ElementFailure[];
}

/** The run of a `workflow` step, as it last told. */
export interface ChildState {
  run_id: string;
  status: ChildSnapshot['status'];
  missing?: string[];
  waiting?: WaitingChildStep[];
  /** It was told last that its parent is paused. */
  told_paused?: true;
  /** It is being canceled, for this reason. */
  ending?: Failure;
}

/** A connection that a worker lacked though it should be there: how often, and whether the step waits before it asks again. */
export interface Missed {
  readonly skill: string;
  readonly times: number;
  readonly waits: boolean;
}

/** Milliseconds of former times, and when the present one began. */
export interface LackedWorker {
  readonly before: number;
  readonly since?: number;
}

/** Why a skill is missing, by skill. */
export type MissingReasons = { [skill: string]: string };

/** What a run knows of one of its steps. Times are milliseconds since the epoch. */
export interface StepState {
  status: StepStatus;
  attempts: number;
  /** Its label once its turn has come. */
  label?: string;
  /** What it does once its turn has come: conditions are evaluated only then, and only once. */
  kind?: StepKind;
  result?: JsonValue;
  error?: string;
  errorCode?: Code;
  startedAt?: number;
  completedAt?: number;
  missing?: string[];
  /** Why, by skill, as far as it is known. */
  missingReasons?: MissingReasons;
  message?: string;
  schema?: JsonValue;
  masked?: number;
  /** Its result is that of an earlier run. */
  kept?: true;
  /** Connections that were answered 401 or 403, with the revision that was. */
  rejected?: Map<string, string>;
  rejections: number;
  missed?: Missed;
  /** How long it has been blocked for want of a worker, of a step with a `queue_timeout_secs`. */
  lackedWorker?: LackedWorker;
  /** How often its user had it run again. */
  reruns: number;
  /** Of a fan-out that is settled. */
  elements?: ElementsState;
  child?: ChildState;
}

export interface Failure {
  code: Code;
  message: string;
  attempts?: number;
}

export function pendingState(): StepState {
  return { status: 'pending', attempts: 0, rejections: 0, reruns: 0 };
}
