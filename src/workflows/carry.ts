import type { JsonObject, JsonValue } from '../definition/json.js';
import type { RunWarning, StepStatus } from '../definition/snapshot.js';
import type { Entry } from './log.js';
import type { Known } from './needs.js';
import type { Failure, StepState } from './state.js';

/** A step's state as it crosses from one execution of a run to the next; its result is with it, `rejected` is a list. */
export type CarriedStep = Omit<StepState, 'rejected'> & { rejected?: [string, string][] };

/** What a run takes along when it continues as new: everything that its definition and input do not tell. JSON. */
export interface Carried {
  /** States of the steps that are not simply pending, by index. */
  steps: [index: number, state: Partial<CarriedStep> & { status: StepStatus }][];
  /** Values of `{steps.x}` that are no step's result: presets, and what the document's context brought. */
  others: JsonObject;
  /** The flat top level of the context. */
  context: JsonObject;
  context_from: [key: string, stepId: string][];
  log: { last_seq: number; entries: Entry[] };
  warnings: RunWarning[];
  finished: number[];
  unreached: number[];
  held: number[];
  deadlines: [index: number, at: number][];
  /** So that a step whose turn has come after a check of its own need not be checked again and again. */
  known: Known;
  started_at: number;
  shown: [status: string, missing: string];
  failure?: Failure & { step?: number };
  paused?: { by: 'user' | 'failure'; at: number };
}

const DEFAULTS: Partial<StepState> = { attempts: 0, rejections: 0, reruns: 0 };

/** A state without what is the default; undefined when nothing is left but `pending`. */
export function packState(state: StepState): (Partial<CarriedStep> & { status: StepStatus }) | undefined {
  const { rejected, ...rest } = state;
  const packed: Partial<CarriedStep> & { status: StepStatus } = { status: state.status };
  for (const [key, value] of Object.entries(rest)) {
    if (value !== DEFAULTS[key as keyof StepState]) Object.assign(packed, { [key]: value as JsonValue });
  }
  if (rejected) packed.rejected = [...rejected];
  return state.status === 'pending' && Object.keys(packed).length === 1 ? undefined : packed;
}

export function unpackState(packed: Partial<CarriedStep> & { status: StepStatus }): StepState {
  const { rejected, ...rest } = packed;
  return { attempts: 0, rejections: 0, reruns: 0, ...rest, ...(rejected ? { rejected: new Map(rejected) } : {}) };
}
