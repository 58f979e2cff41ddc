import { cut, wellFormed } from './text.js';
import type { RetryOptions, StepKind, StepRequirement, WorkflowDefinition } from './types.js';
import type { JsonObject, JsonValue } from './json.js';
import type { MigrationDecisions } from './migration.js';
import type { Seed } from './rerun.js';
import type { ChildSnapshot, LoggedEvent, Migration, RerunOf, RunSnapshot, RunWarning, StepSnapshot } from './snapshot.js';

export const WORKFLOW_TYPE = 'distriWorkflow';
export const CATALOGUE_WORKFLOW_TYPE = 'distriCatalogue';
export const DEFAULT_QUEUE_PREFIX = 'distri';

const LONGEST_QUEUE = 1_000;

/** The task queue of a skill, e.g. `distri:native:shell`. */
export function skillQueue(prefix: string, skill: string): string {
  return cut(wellFormed(`${prefix}:${skill}`), LONGEST_QUEUE);
}

/** The id of the one catalogue workflow of a queue prefix. */
export function catalogueId(prefix: string): string {
  return `${prefix}-catalogue`;
}

/** Most bytes of a value as JSON that is kept in the history: Temporal refuses a payload above 2 MB. */
export const MOST_INLINE_BYTES = 1_900_000;

/**
 * Most bytes of a value as JSON, and of what one turn of a run sends off, when large payloads are stored outside the
 * history: what a worker's memory bears, and what the sandbox gets through within a workflow task's 10 s.
 */
export const MOST_STORED_BYTES = 32 * 1024 * 1024;

/** Most bytes of a value as JSON; `storage`: large ones go outside the history. */
export function mostValueBytes(storage: boolean): number {
  return storage ? MOST_STORED_BYTES : MOST_INLINE_BYTES;
}

/** With external storage, from here on at the latest a payload is stored outside the history. */
export const STORED_FROM_BYTES = 256 * 1024;

export const SEARCH_ATTRIBUTES = {
  DistriWorkflowId: 'KEYWORD',
  DistriStatus: 'KEYWORD',
  DistriMissingSkills: 'KEYWORD_LIST',
  DistriVersion: 'INT',
  DistriOwner: 'KEYWORD',
} as const;

/** The argument of `distriWorkflow`. */
export interface RunInput {
  definition: WorkflowDefinition;
  input?: JsonObject;
  env?: { [name: string]: string };
  entry_point?: string;
  /** The user whose connections the steps use, besides those that everybody may. */
  owner?: string;
  /** SHA-256 of the definition's canonical JSON, in hex. Absent: the run validates the definition itself, first of all. */
  definition_hash?: string;
  /** What the client that started the run warns of. */
  warnings?: RunWarning[];
  /** For tests: the run continues as new after so many events, and not only when Temporal suggests it. */
  continue_after_events?: number;
  /** What steps gave in an earlier run: they are settled from the beginning. */
  seed?: Seed;
  rerun_of?: RerunOf;
  /** Of a child: the run that started it. */
  parent?: ParentRun;
  /** Of a child by id: what the engine's workers are to look up in place of `definition`. */
  workflow?: { id: string; version?: string | number };
  /** The definitions that the run was moved to, the latest last. */
  migrations?: Migration[];
  /** What the execution before this one carried over; the interpreter's own. */
  carried?: JsonObject;
  /** Whether the namespace has our search attributes, so that the run may upsert them. */
  search_attributes?: boolean;
  /** Whether the client and the workers store large payloads outside the history, so that more fits into one. */
  storage?: boolean;
}

export interface ParentRun {
  run_id: string;
  /** The ids of the workflows above the run, the topmost first. */
  workflow_ids: string[];
  /** The parent has continued as new since it started this run: Temporal does not tell it the end of this run. */
  adopted?: true;
  /** The parent was last told that this run waits or is blocked. */
  reported?: true;
}

/** `childChanged` and `childEnded` come from children of a run, the last three from its parent. */
export const SIGNALS = {
  connectionsChanged: 'connectionsChanged',
  childChanged: 'childChanged',
  childEnded: 'childEnded',
  adopted: 'adopted',
  parentPaused: 'parentPaused',
  parentResumed: 'parentResumed',
} as const;
export const UPDATES = {
  answer: 'answer',
  pause: 'pause',
  resume: 'resume',
  retryStep: 'retryStep',
  skipStep: 'skipStep',
  migrate: 'migrate',
} as const;
export const QUERIES = { snapshot: 'snapshot', context: 'context', events: 'events' } as const;

/** Argument of the signal `connectionsChanged`. */
export interface ConnectionsChanged {
  skills: string[];
}

/** Argument of the signal `childChanged`: how a child stands. */
export type ChildReport = ChildSnapshot;

/**
 * What a child leaves its parent: the result of its workflow. Its own final record stays in its history. `output_bytes`:
 * of an output that was too large to send.
 */
export interface ChildResult {
  output: JsonValue;
  output_bytes?: number;
}

/** Argument of the signal `childEnded`, by which a child tells the end to a parent that has continued as new. */
export type ChildEnded = { run_id: string } & (
  | ({ status: 'completed' } & ChildResult)
  | { status: 'failed' | 'canceled'; code: string; message: string }
);

/** Argument of the engine's activity `await_children`: it fails retryably until one of them has ended, and says which. */
export interface AwaitedChildren {
  run_ids: string[];
}

/** Argument of the update `answer`. Its validator rejects with type `STEP_NOT_WAITING` or `ANSWER_REFUSED`. */
export interface Answer {
  step_id: string;
  index?: number;
  value: JsonValue;
}

/** Argument of the update `retryStep`. Its validator rejects with type `STEP_NOT_HELD`. */
export interface RetryStep {
  step_id: string;
  index?: number;
}

/** Argument of the update `skipStep`. Its validator rejects with type `STEP_NOT_SKIPPABLE`. */
export interface SkipStep {
  step_id: string;
  index?: number;
  result?: JsonValue;
}

/**
 * Argument of the update `migrate`. Its validator rejects with type `MIGRATION_REFUSED` or `MIGRATION_UNDECIDED` and the
 * plan as first detail. The run starts nothing more, lets running steps finish, and goes on by the new definition.
 */
export interface Migrate {
  definition: WorkflowDefinition;
  definition_hash: string;
  decisions?: MigrationDecisions;
}

/** Answer of the query `events`; a page holds at most 1 MiB. `gap`: entries after `after` are no longer in the log. */
export interface EventsPage {
  events: LoggedEvent[];
  last_seq: number;
  gap: boolean;
}

/**
 * What the interpreter sends an activity: the kind as written and the values of the references that it uses.
 * The activity puts them together (design, section 8).
 */
export interface StepTask<K extends StepKind = StepKind> {
  /** The definition's id. */
  workflow_id: string;
  /** The step's id, when the activity id is not the same text. */
  step_id?: string;
  /** The position of the element of a fan-out. */
  index?: number;
  /** In history without its `type`, which is the activity's type. */
  kind: K;
  /** The step's `input` mapping as written. */
  mapping?: JsonValue;
  /** Reference path, e.g. `steps.fetch.records`, to its value. A path below another one that is here is left out. */
  values?: { [path: string]: JsonValue };
  /** The run's whole context, for steps that get it by the format. */
  context?: JsonObject;
  /** Connections that the step requires. */
  requires?: StepRequirement[];
  /** The run's owner: whose connections they are. */
  owner?: string;
  retry?: RetryOptions;
  /** How often its user had the step run again: a new idempotency key. */
  rerun?: number;
  /** Seconds for one attempt. */
  timeout_secs?: number;
}

/**
 * Second argument of the activity of a fan-out's element, when large payloads are stored outside the history: what all
 * elements are sent alike, so that it is stored once. The mark comes first, so that a payload of it is known when seen.
 */
export interface SharedValues {
  distri_shared: 1;
  values?: StepTask['values'];
  context?: JsonObject;
}

/** How the JSON of {@link SharedValues} begins. */
export const SHARED_MARK = '{"distri_shared":';
/** From here on what elements are sent alike is stored outside the history. */
export const SHARED_FROM_BYTES = 4 * 1024;

/** What an activity gives back. */
export interface StepOutcome {
  result: JsonValue;
  /** How many secrets were masked in it. */
  masked?: number;
  /** When it took more than one. */
  attempts?: number;
  /** What the run is to warn of. */
  warnings?: { code: string; message: string }[];
}

/** The first detail of an activity's failure; its type is our code. */
export interface FailureDetails {
  attempts: number;
  /** How many there may be, of a failure that is tried again. */
  max_attempts?: number;
  data?: JsonValue;
}

/** How often the worker of one step may be lost: such attempts are none of the step's own. */
export const LOST_WORKER_ATTEMPTS = 10;

/** One thing that steps need. */
export interface RequirementQuery {
  skill: string;
  permissions?: string[];
  /** A live worker must poll the skill's queue (always so for `native:` skills); else a connection must exist. */
  worker?: boolean;
  /** The revision of the connection that was answered 401 or 403: only another revision counts. */
  rejected_revision?: string;
  /** A worker has lacked it so often, at least twice, though it was there: it counts as there only after a pause. */
  missed?: number;
}

/**
 * Argument of `check_requirements` (local activity: answers at once) and `await_requirements` (activity: fails
 * retryably until at least one of the requirements is there or one of the tools is announced, then answers).
 */
export interface RequirementsCheck {
  requirements: RequirementQuery[];
  tools: string[];
  /** The run's owner: whose connections count. */
  owner?: string;
}

/** Aligned with `requirements`. */
export interface RequirementsReport {
  requirements: RequirementState[];
  /** Tool name to where it runs; null: nobody announces it. */
  tools: { [name: string]: { skill: string; live: boolean } | null };
}

/** `served`: a live worker polls the skill's own queue. `revision`: of the connection. `reason`: why not available. */
export interface RequirementState {
  available: boolean;
  served: boolean;
  revision?: string;
  reason?: string;
}

/** Local activity `check_definition`, for runs that were started without our client. */
export interface DefinitionReport {
  definition: WorkflowDefinition;
  definition_hash: string;
  storage?: boolean;
}

/** What an ended run leaves in history: as its result, the details of its failure, or the marker before its cancel. */
export interface FinalRecord {
  /** The run's output; when it is a step's result, that step is named instead, so that each value is stored once. */
  output?: JsonValue;
  output_from?: string;
  /** Without `output`; its `context` without the input, its keys, and the results of steps. */
  snapshot: Omit<RunSnapshot, 'steps'> & { steps: { [stepId: string]: FinalStep } };
  /** Top-level keys of the context that hold a step's result, with that step's id. */
  context_from?: { [key: string]: string };
  /** Of those keys, which part of the result they hold, where it is not the whole. */
  context_parts?: { [key: string]: string };
  input: JsonObject;
  /** The newest entries of the log; `step_completed` without results. */
  events: LoggedEvent[];
}

/**
 * A step of an ended run, short: its label when it is not the id, its attempts when there were some, and the milliseconds
 * from the start of the run to its own start and end in place of times.
 */
export type FinalStep = Partial<Omit<StepSnapshot, 'status' | 'kind' | 'started_at' | 'completed_at'>> &
  Pick<StepSnapshot, 'status' | 'kind'> & { at?: [started: number | null, completed: number | null] };

/** A tool as the catalogue lists it. `hash` changes with its schemas. */
export interface ToolEntry {
  name: string;
  description?: string;
  skill: string;
  hash: string;
  input_schema?: JsonValue;
  output_schema?: JsonValue;
}

/** Signal `announce` of the catalogue: what one worker offers. `expires_at`: ISO 8601. */
export interface WorkerAnnouncement {
  identity: string;
  skills: string[];
  tools: ToolEntry[];
  expires_at: string;
}

/** Signal and query of the catalogue workflow: `announce` takes a {@link WorkerAnnouncement}, `catalogue` lists the live ones. */
export const CATALOGUE = { announce: 'announce', catalogue: 'catalogue' } as const;

/** How long an announcement counts unless it is renewed. */
export const ANNOUNCEMENT_TTL_SECS = 2 * 60 * 60;
