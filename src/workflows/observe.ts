import { dictionary, isObject, type JsonObject, type JsonValue } from '../definition/json.js';
import type { EventsPage, FinalRecord } from '../definition/messages.js';
import type { LoggedEvent, RunSnapshot, StepSnapshot } from '../definition/snapshot.js';
import { wellFormed } from '../definition/text.js';
import { readEntry, type EntryReader } from './log.js';
import { outputOf, type RunMachine } from './machine.js';
import { jsonBytes, omitLargest } from './size.js';

/** Above this a query's answer or a run's end would come near Temporal's limit of 2 MB a payload. */
const QUERY_BYTES = 1_500_000;
const PAGE_BYTES = 1_048_576;
const END_BYTES = 1_048_576;
const FINAL_EVENTS = 1_000;
const FEWER_EVENTS = 100;

export interface RunIdentity {
  readonly runId: string;
  readonly definitionHash: string;
}

const iso = (at: number): string => new Date(at).toISOString();

function stepSnapshot(machine: RunMachine, index: number): StepSnapshot {
  const state = machine.steps[index];
  const step = machine.plan.steps[index]?.step;
  if (!state || !step) throw new RangeError(`no step ${index}`);
  return {
    status: state.status,
    label: state.label ?? step.label ?? step.id,
    kind: (state.kind ?? step.kind).type,
    ...(state.result === undefined ? {} : { result: state.result }),
    ...(state.error === undefined ? {} : { error: state.error }),
    ...(state.errorCode === undefined ? {} : { error_code: state.errorCode }),
    attempts: state.attempts,
    ...(state.startedAt === undefined ? {} : { started_at: iso(state.startedAt) }),
    ...(state.completedAt === undefined ? {} : { completed_at: iso(state.completedAt) }),
    ...(state.missing ? { missing: state.missing } : {}),
    ...(state.status === 'waiting_for_input' ? { message: state.message ?? '', schema: state.schema ?? null } : {}),
    ...(state.masked ? { masked: state.masked } : {}),
  };
}

function baseSnapshot(machine: RunMachine, identity: RunIdentity): RunSnapshot {
  const steps = dictionary<StepSnapshot>();
  for (const { id, index } of machine.plan.steps) steps[id] = stepSnapshot(machine, index);
  const { definition } = machine.plan;
  const { failure, canceled } = machine;
  const missing = machine.missing();
  return {
    run_id: identity.runId,
    workflow_id: definition.id,
    ...(definition.version == null ? {} : { version: definition.version }),
    definition_hash: identity.definitionHash,
    status: machine.status,
    steps,
    context: {},
    ...(canceled
      ? { error: 'The run was canceled', error_code: 'RUN_CANCELED' }
      : failure && { error: failure.message, error_code: failure.code }),
    ...(missing.length > 0 ? { missing } : {}),
    warnings: machine.warnings,
    started_at: iso(machine.startedAt),
    ...(machine.completedAt === undefined ? {} : { completed_at: iso(machine.completedAt) }),
  };
}

/** The run as it stands. What would not fit a query's answer is left out, the largest results first. */
export function snapshotOf(machine: RunMachine, identity: RunIdentity): RunSnapshot {
  const snapshot = { ...baseSnapshot(machine, identity), context: machine.context() };
  if (jsonBytes(snapshot) <= QUERY_BYTES) return snapshot;
  const { steps: _results, ...context } = snapshot.context;
  snapshot.context = context;
  const rest = jsonBytes({ ...snapshot, steps: withoutResults(snapshot.steps) });
  omitLargest(snapshot.steps, Math.max(0, QUERY_BYTES - rest));
  return snapshot;
}

function withoutResults(steps: { [id: string]: StepSnapshot }): StepSnapshot[] {
  return Object.values(steps).map(({ result: _result, ...step }) => step);
}

function reader(machine: RunMachine): EntryReader {
  return {
    workflowId: machine.plan.definition.id,
    stepId: (index) => machine.plan.steps[index]?.id ?? '',
    label: (index) => machine.steps[index]?.label ?? machine.plan.steps[index]?.step.label ?? machine.plan.steps[index]?.id ?? '',
  };
}

/** The log after `after`, with results, up to 1 MiB; a result larger than a page is left out. */
export function eventsAfter(machine: RunMachine, after: number): EventsPage {
  const read = reader(machine);
  const { entries, gap } = machine.log.after(after);
  const events: LoggedEvent[] = [];
  let left = PAGE_BYTES;
  for (const entry of entries) {
    let event = readEntry(entry, read);
    if (event.event === 'step_completed') event = { ...event, result: machine.steps[entry.step]?.result ?? null };
    let bytes = jsonBytes(event);
    if (bytes > PAGE_BYTES && event.event === 'step_completed') {
      event = { ...event, result: null, result_omitted: bytes };
      bytes = jsonBytes(event);
    }
    if (bytes > left && events.length > 0) break;
    left -= bytes;
    events.push(event);
  }
  return { events, last_seq: machine.log.lastSeq, gap };
}

/** The flat context without what the record holds elsewhere: the input's keys and results of steps. */
function remainingContext(machine: RunMachine, results: ReadonlySet<JsonValue>): JsonObject {
  const { context, input, env, steps } = machine.scope;
  const rest = dictionary<JsonValue>();
  for (const [key, value] of Object.entries(context)) {
    if (input[key] !== value && !machine.contextFrom.has(key)) rest[key] = value;
  }
  if (Object.keys(env).length > 0) rest['env'] = env;
  const others = dictionary<JsonValue>();
  for (const [id, value] of Object.entries(steps)) if (!results.has(value) && !machine.plan.indexOf.has(id)) others[id] = value;
  if (Object.keys(others).length > 0) rest['steps'] = others;
  return rest;
}

/**
 * What the ended run leaves in history. It always fits: above 1 MiB results are left out, the largest first, then most of
 * the log, then the steps.
 */
export function finalRecord(machine: RunMachine, identity: RunIdentity): FinalRecord {
  const snapshot = baseSnapshot(machine, identity);
  const results = new Set<JsonValue>(machine.steps.flatMap((state) => (isObject(state.result) ? [state.result] : [])));
  const read = reader(machine);
  const record: FinalRecord = {
    ...(machine.status === 'completed' ? outputOf(machine) : undefined),
    snapshot: { ...snapshot, context: remainingContext(machine, results) },
    ...(machine.contextFrom.size > 0 ? { context_from: Object.fromEntries(machine.contextFrom) } : {}),
    input: machine.scope.input,
    events: machine.log.newest(FINAL_EVENTS).map((entry) => readEntry(entry, read)),
  };
  if (jsonBytes(record) <= END_BYTES) return record;
  const rest = jsonBytes({ ...record, snapshot: { ...record.snapshot, steps: withoutResults(snapshot.steps) } });
  omitLargest(snapshot.steps, Math.max(0, END_BYTES - rest));
  if (jsonBytes(record) > END_BYTES) record.events = record.events.slice(-FEWER_EVENTS);
  if (jsonBytes(record) > END_BYTES) return withoutDetails(record);
  return record;
}

function withoutDetails(record: FinalRecord): FinalRecord {
  const { output: _output, ...kept } = record;
  return {
    ...kept,
    input: {},
    snapshot: {
      ...record.snapshot,
      context: {},
      steps: {},
      warnings: [
        ...record.snapshot.warnings.slice(0, 10),
        { code: 'RESULT_TOO_LARGE', message: 'The end of the run was too large to keep its steps; they are in its history' },
      ],
    },
  };
}

const ROWS = 50;

/** Markdown for the Temporal Web UI: counts, and at most 50 rows of the steps that matter most. */
export function currentDetails(machine: RunMachine): string {
  const { counts, running, waiting, blocked, steps } = machine;
  const rows: string[] = [];
  const add = (index: number): void => {
    if (rows.length < ROWS) rows.push(row(machine, index));
  };
  if (counts.failed > 0) for (const index of machine.finished) if (steps[index]?.status === 'failed') add(index);
  for (const set of [blocked, waiting, running]) for (const index of set) if (rows.length < ROWS) add(index);
  for (let at = machine.finished.length - 1; at >= 0 && rows.length < ROWS; at -= 1) {
    const index = machine.finished[at] as number;
    if (steps[index]?.status === 'done') add(index);
  }
  const parts = [`**${machine.status}**`, `${counts.done} of ${steps.length} done`];
  if (counts.skipped > 0) parts.push(`${counts.skipped} skipped`);
  if (counts.failed > 0) parts.push(`${counts.failed} failed`);
  if (running.size > 0) parts.push(`${running.size} running`);
  if (waiting.size > 0) parts.push(`${waiting.size} waiting for input`);
  if (blocked.size > 0) parts.push(`${blocked.size} blocked`);
  const table = rows.length > 0 ? `\n\n| step | status | |\n| --- | --- | --- |\n${rows.join('\n')}` : '';
  return parts.join(' · ') + table;
}

function row(machine: RunMachine, index: number): string {
  const state = machine.steps[index];
  const planned = machine.plan.steps[index];
  const note = state?.error ?? (state?.status === 'waiting_for_input' ? state.message : undefined) ?? '';
  return `| ${cell(state?.label ?? planned?.step.label ?? planned?.id ?? '', 80)} | ${state?.status} | ${cell(note, 200)} |`;
}

function cell(text: string, length: number): string {
  return wellFormed(text.slice(0, length)).replace(/[|\\`<>*_]/g, '\\$&').replace(/\s+/g, ' ');
}
