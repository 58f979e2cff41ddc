import { dictionary, isObject, type JsonObject, type JsonValue } from '../definition/json.js';
import { MOST_INLINE_BYTES, MOST_STORED_BYTES, mostValueBytes, type ChildResult, type EventsPage, type FinalRecord, type FinalStep } from '../definition/messages.js';
import type { LoggedEvent, Migration, RerunOf, RunSnapshot, RunWarning, StepSnapshot } from '../definition/snapshot.js';
import { resolve, scopeLookup } from '../definition/references.js';
import { cut } from '../definition/text.js';
import { kinds } from '../kinds/index.js';
import { childOf, itemsOf, missingOf, missingReasonsOf, statusOf } from './items.js';
import { readEntry, type EntryReader } from './log.js';
import type { RunMachine } from './machine.js';
import { jsonBytes, omitLargest } from './size.js';
import { LONGEST_LABEL, type StepState } from './state.js';
import type { Unit } from './unit.js';

/** Above this a query's answer or a run's end would come near Temporal's limit of 2 MB a payload. */
const QUERY_BYTES = 1_500_000;
const PAGE_BYTES = 1_048_576;
const END_BYTES = 1_048_576;
/** Characters of a string in V8. */
const LONGEST_STRING = 2 ** 29 - 24;
const FINAL_EVENTS = 1_000;
const FEWER_EVENTS = 100;

export interface RunIdentity {
  readonly runId: string;
  readonly definitionHash: string;
  readonly parentRunId?: string;
  readonly rerunOf?: RerunOf;
  readonly migrations?: Migration[];
}

const iso = (at: number): string => new Date(at).toISOString();

/** What the two forms of a step, live and final, have in common. */
function stepBase(machine: RunMachine, index: number): Omit<StepSnapshot, 'attempts' | 'label'> {
  const unit = machine.units[index];
  if (!unit) throw new RangeError(`no step ${index}`);
  const { state } = unit;
  const { step } = unit.step;
  const base: Omit<StepSnapshot, 'attempts' | 'label'> = { status: statusOf(machine, unit), kind: (state.kind ?? step.kind).type };
  if (state.result !== undefined) base.result = state.result;
  if (state.error !== undefined) base.error = state.error;
  if (state.errorCode !== undefined) base.error_code = state.errorCode;
  if (machine.held.has(index) || (machine.fans.get(index)?.held.size ?? 0) > 0) base.held = true;
  const missing = missingOf(machine, unit);
  if (missing) base.missing = missing;
  const reasons = missingReasonsOf(machine, unit);
  if (reasons) base.missing_reasons = reasons;
  if (state.status === 'waiting_for_input') Object.assign(base, { message: state.message, schema: state.schema });
  const until = machine.deadlines.get(index);
  if (until !== undefined) base.until = iso(until);
  if (state.masked) base.masked = state.masked;
  const items = itemsOf(machine, unit);
  if (items) base.items = items;
  if (state.child) base.child = childOf(state.child);
  if (state.kept) base.kept = true;
  return base;
}

function liveStep(machine: RunMachine, index: number): StepSnapshot {
  const { attempts, startedAt, completedAt } = machine.steps[index] as StepState;
  return {
    ...stepBase(machine, index),
    label: labelOf(machine, index),
    attempts,
    ...(startedAt === undefined ? {} : { started_at: iso(startedAt) }),
    ...(completedAt === undefined ? {} : { completed_at: iso(completedAt) }),
  };
}

function finalStep(machine: RunMachine, index: number): FinalStep {
  const { attempts, startedAt, completedAt } = machine.steps[index] as StepState;
  const step: FinalStep = stepBase(machine, index);
  const label = labelOf(machine, index);
  if (label !== machine.plan.steps[index]?.id) step.label = label;
  if (attempts > 0) step.attempts = attempts;
  if (completedAt !== undefined) {
    step.at = [startedAt === undefined ? null : startedAt - machine.startedAt, completedAt - machine.startedAt];
  }
  return step;
}

/** A step's label: resolved once its turn has come, before that as written. */
export function labelOf(machine: RunMachine, index: number): string {
  const planned = machine.plan.steps[index];
  return machine.steps[index]?.label ?? cut(planned?.step.label ?? planned?.id ?? '', LONGEST_LABEL);
}

/** As `labelOf`, with the position of an element. */
export function labelOfUnit(machine: RunMachine, { step, element }: Unit): string {
  const label = labelOf(machine, step.index);
  return element === undefined ? label : `${label} [${element}]`;
}

function runBase(machine: RunMachine, identity: RunIdentity): Omit<RunSnapshot, 'steps'> {
  const { definition } = machine.plan;
  const { failure, canceled } = machine;
  const missing = machine.missing();
  const reasons = machine.missingReasons();
  return {
    run_id: identity.runId,
    workflow_id: definition.id,
    ...(definition.version == null ? {} : { version: definition.version }),
    definition_hash: identity.definitionHash,
    status: machine.status,
    context: {},
    ...(canceled
      ? { error: 'The run was canceled', error_code: 'RUN_CANCELED' }
      : failure && { error: failure.message, error_code: failure.code }),
    ...(missing.length > 0 ? { missing } : {}),
    ...(Object.keys(reasons).length > 0 ? { missing_reasons: reasons } : {}),
    ...(machine.paused ? { paused: { by: machine.paused.by, at: iso(machine.paused.at) } } : {}),
    ...(identity.parentRunId ? { parent_run_id: identity.parentRunId } : {}),
    ...(identity.rerunOf ? { rerun_of: identity.rerunOf } : {}),
    ...(identity.migrations ? { migrations: identity.migrations } : {}),
    ...(machine.migration ? { migrating_to: machine.migration.definition_hash } : {}),
    warnings: machine.warnings,
    started_at: iso(machine.startedAt),
    ...(machine.completedAt === undefined ? {} : { completed_at: iso(machine.completedAt) }),
  };
}

function stepsOf<T>(machine: RunMachine, read: (machine: RunMachine, index: number) => T): { [id: string]: T } {
  const steps = dictionary<T>();
  for (const { id, index } of machine.plan.steps) steps[id] = read(machine, index);
  return steps;
}

/** The run as it stands. What would not fit a query's answer is left out: the largest results first, then the rest. */
export function snapshotOf(machine: RunMachine, identity: RunIdentity): RunSnapshot {
  const base = runBase(machine, identity);
  const steps = stepsOf(machine, liveStep);
  const snapshot: RunSnapshot = { ...base, steps, context: machine.context() };
  if (jsonBytes(snapshot) <= QUERY_BYTES) return snapshot;
  const { steps: _results, ...context } = snapshot.context;
  snapshot.context = jsonBytes(context) <= QUERY_BYTES / 2 ? context : {};
  const rest = jsonBytes({ ...snapshot, steps: withoutResults(steps) });
  omitLargest(steps, Math.max(0, QUERY_BYTES - rest));
  if (rest > QUERY_BYTES) for (const step of Object.values(steps)) shorten(step);
  return snapshot;
}

/** For runs of very many steps: their times and labels stay in the run's history. */
function shorten(step: StepSnapshot): void {
  delete step.missing_reasons;
  delete step.started_at;
  delete step.completed_at;
  step.label = step.label.slice(0, 16);
}

function withoutResults<T extends { result?: JsonValue }>(steps: { [id: string]: T }): { [id: string]: Omit<T, 'result'> } {
  return Object.fromEntries(Object.entries(steps).map(([id, { result: _result, ...step }]) => [id, step]));
}

/** The run's whole context; throws when it does not fit a query's answer. */
export function contextOf(machine: RunMachine): JsonObject {
  const context = machine.context();
  const bytes = jsonBytes(context);
  if (bytes > MOST_INLINE_BYTES) throw new Error(`the context has ${bytes} bytes, more than the ${MOST_INLINE_BYTES} that an answer holds; the snapshot leaves out what is too large`);
  return context;
}

function reader(machine: RunMachine): EntryReader {
  return {
    workflowId: machine.plan.definition.id,
    stepId: (index) => machine.plan.steps[index]?.id ?? '',
    label: (index) => labelOf(machine, index),
  };
}

/** The log after `after`, with results, up to 1 MiB; a result larger than a page is left out. */
export function eventsAfter(machine: RunMachine, after: number): EventsPage {
  const read = reader(machine);
  const { entries, gap } = machine.log.after(Math.max(0, Math.trunc(after)));
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

type Output = Pick<FinalRecord, 'output' | 'output_from'> & { warning?: RunWarning };

/** An output that does not fit is left out with a warning: the steps that it was made of tell more. */
function mappedOutput(machine: RunMachine, mapping: JsonValue): Output {
  const { output, bytes } = resolved(machine, mapping);
  if (bytes <= END_BYTES) return { output };
  const message = `The output of the run is more than ${END_BYTES} bytes, so it is left out; the results of the steps are there`;
  return { warning: { code: 'RESULT_TOO_LARGE', message } };
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

/** Where the context holds results of steps, and which part of them: each value is stored once. */
function contextSources({ contextFrom, scope }: RunMachine): Pick<FinalRecord, 'context_from' | 'context_parts'> {
  if (contextFrom.size === 0) return {};
  const parts = [...contextFrom].flatMap(([key, id]) => {
    const kind = Object.values(kinds).find((each) => 'contextKey' in each && each.contextKey === key);
    const isPart = kind !== undefined && 'contextPart' in kind && scope.context[key] !== scope.steps[id];
    return isPart ? [[key, kind.contextPart] as const] : [];
  });
  return { context_from: Object.fromEntries(contextFrom), ...(parts.length > 0 && { context_parts: Object.fromEntries(parts) }) };
}

/**
 * What the ended run leaves in history. It always fits: above 1 MiB, or 32 MiB when it is stored outside the history,
 * results are left out, the largest first; what still would not fit a payload loses most of its log, then its steps,
 * which remain in the history.
 */
export function finalRecord(machine: RunMachine, identity: RunIdentity, storage = false): FinalRecord {
  const endBytes = storage ? MOST_STORED_BYTES : END_BYTES;
  const mostBytes = mostValueBytes(storage);
  const steps = stepsOf(machine, finalStep);
  const results = new Set<JsonValue>(machine.steps.flatMap((state) => (isObject(state.result) ? [state.result] : [])));
  const read = reader(machine);
  const base = runBase(machine, identity);
  const { warning, ...output } = machine.status === 'completed' ? outputOf(machine) : {};
  const record: FinalRecord = {
    ...output,
    snapshot: { ...base, ...(warning && { warnings: [...base.warnings, warning] }), steps, context: remainingContext(machine, results) },
    ...contextSources(machine),
    input: machine.scope.input,
    events: machine.log.newest(FINAL_EVENTS).map((entry) => readEntry(entry, read)),
  };
  if (jsonBytes(record) <= endBytes) return record;
  const rest = jsonBytes({ ...record, snapshot: { ...record.snapshot, steps: withoutResults(steps) } });
  omitLargest(steps, Math.max(0, endBytes - rest));
  if (rest <= endBytes) return record;
  if (jsonBytes(record) > mostBytes) record.events = record.events.slice(-FEWER_EVENTS);
  return jsonBytes(record) > mostBytes ? withoutDetails(record) : record;
}

function withoutDetails(record: FinalRecord): FinalRecord {
  const { output: _output, ...kept } = record;
  return {
    ...kept,
    input: {},
    events: jsonBytes(record.events) <= END_BYTES ? record.events : [],
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

/** The run's output: the document's mapping, else the result of the last step that is done, in document order. */
function outputOf(machine: RunMachine): Output {
  if (machine.plan.definition.output !== undefined) return mappedOutput(machine, machine.plan.definition.output);
  for (let index = machine.steps.length - 1; index >= 0; index -= 1) {
    if (machine.steps[index]?.status === 'done') return { output_from: machine.plan.steps[index]?.id ?? '' };
  }
  return {};
}

/** What a completed child leaves its parent. */
export function outputOfRecord(machine: RunMachine, record: FinalRecord, storage: boolean): ChildResult {
  const from = record.output_from === undefined ? undefined : machine.step(record.output_from)?.state.result;
  const { output: mapping } = machine.plan.definition;
  const known = record.output ?? from;
  const { output, bytes } = known === undefined ? resolved(machine, mapping ?? null) : { output: known, bytes: jsonBytes(known) };
  return bytes <= mostValueBytes(storage) ? { output } : { output: null, output_bytes: bytes };
}

/** An output and its size; of one for which the longest string that there is was too short, that length alone. */
function resolved(machine: RunMachine, mapping: JsonValue): { output: JsonValue; bytes: number } {
  try {
    const output = resolve(mapping, scopeLookup(machine.scope));
    return { output, bytes: jsonBytes(output) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { output: null, bytes: LONGEST_STRING };
  }
}
