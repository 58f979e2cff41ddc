import { contextPart } from './context-part.js';
import { dictionary, own, type JsonValue } from './json.js';
import type { FinalRecord } from './messages.js';
import type { LoggedEvent, RunSnapshot, StepSnapshot } from './snapshot.js';

/** The snapshot of an ended run, with the values that its final record stores only once put back in place. */
export function snapshotOfFinal(record: FinalRecord): RunSnapshot {
  const { snapshot, input } = record;
  const steps = Object.assign(dictionary<JsonValue>(), own(snapshot.context, 'steps'));
  for (const [id, step] of Object.entries(snapshot.steps)) {
    if (step.result !== undefined) steps[id] = step.result;
  }
  const { env: _env, ...keys } = input;
  const context = Object.assign(dictionary<JsonValue>(), keys, snapshot.context);
  for (const [key, id] of Object.entries(record.context_from ?? {})) {
    const [whole, part] = [own(steps, id) ?? null, own(record.context_parts ?? {}, key)];
    context[key] = part === undefined ? whole : contextPart(whole, part);
  }
  Object.assign(context, { input, steps });
  const output = record.output_from === undefined ? record.output : own(record.snapshot.steps, record.output_from)?.result;
  return { ...snapshot, steps: stepsOfFinal(snapshot), context, ...(output === undefined ? {} : { output }) };
}

function stepsOfFinal({ steps, started_at }: FinalRecord['snapshot']): { [id: string]: StepSnapshot } {
  const start = Date.parse(started_at);
  const read = dictionary<StepSnapshot>();
  for (const [id, { at, status, kind, ...rest }] of Object.entries(steps)) {
    const [started, completed] = at ?? [null, null];
    read[id] = {
      status,
      label: id,
      kind,
      attempts: 0,
      ...rest,
      ...(started === null ? {} : { started_at: new Date(start + started).toISOString() }),
      ...(completed === null ? {} : { completed_at: new Date(start + completed).toISOString() }),
    };
  }
  return read;
}

/** The log of an ended run, each `step_completed` with its step's result. */
export function eventsOfFinal(record: FinalRecord): LoggedEvent[] {
  return record.events.map((event) => withResult(event, record.snapshot.steps));
}

/** A log entry with the result that its step now has; entries of the log hold none themselves. */
function withResult(event: LoggedEvent, steps: FinalRecord['snapshot']['steps']): LoggedEvent {
  if (event.event !== 'step_completed') return event;
  const step = own(steps, event.step_id);
  if (step === undefined) return event;
  return step.result_omitted === undefined
    ? { ...event, result: step.result ?? null }
    : { ...event, result_omitted: step.result_omitted };
}
