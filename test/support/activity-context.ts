import type { JsonValue } from '../../src/definition/json.js';
import { NO_MASK } from '../../src/activities/mask.js';
import type { ActivityContext } from '../../src/kinds/activity.js';

/** A context as the worker gives it, with what was heartbeaten and logged beside it. */
export interface RecordedContext extends ActivityContext {
  readonly heartbeats: JsonValue[];
  readonly warned: { code: string; message: string }[];
  readonly logged: { level: string; message: string }[];
}

export function activityContext(given: Partial<ActivityContext> = {}): RecordedContext {
  const heartbeats: JsonValue[] = [];
  const warned: { code: string; message: string }[] = [];
  const logged: { level: string; message: string }[] = [];
  const at = (level: string) => (message: string) => void logged.push({ level, message });
  return {
    runId: 'run-1',
    workflowId: 'flow',
    stepId: 'step',
    attempt: 1,
    idempotencyKey: 'run-1/step',
    signal: new AbortController().signal,
    heartbeat: (details) => void heartbeats.push(details ?? null),
    log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
    connections: [],
    mask: NO_MASK,
    warn: (code, message) => void warned.push({ code, message }),
    mapping: undefined,
    context: undefined,
    ...given,
    heartbeats,
    warned,
    logged,
  };
}
