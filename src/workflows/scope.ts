import { dictionary, isObject, type JsonObject, type JsonValue } from '../definition/json.js';
import type { Lookup } from '../definition/references.js';
import type { Seed } from '../definition/rerun.js';
import type { Plan } from './plan.js';

/** What the run's references see. */
export interface RunScope {
  readonly input: JsonObject;
  readonly env: JsonObject;
  readonly steps: JsonObject;
  /** The flat top level of the context. */
  readonly context: JsonObject;
}

export interface MachineOptions {
  readonly input?: JsonObject;
  readonly env?: { readonly [name: string]: string };
  readonly seed?: Seed;
  /** What the elements of a fan-out are sent alike goes apart from their tasks: it is stored once. */
  readonly sharesValues?: boolean;
  /** The run id of a child by the name of its step or element. */
  readonly childRunId?: (name: string) => string;
  /** Temporal's `patched`. Default: every change counts. */
  readonly patched?: (change: string) => boolean;
}

/** Input laid over the document's context; `steps`, `env` and `input` are never overwritten by input's keys. */
export function initialScope(plan: Plan, options: MachineOptions): RunScope {
  const initial: JsonObject = plan.definition.context ?? {};
  const objectAt = (key: string): JsonObject => {
    const value = Object.hasOwn(initial, key) ? initial[key] : undefined;
    return Object.assign(dictionary<JsonValue>(), isObject(value) ? value : {});
  };
  const input = options.input ?? objectAt('input');
  const context = Object.assign(dictionary<JsonValue>(), initial, input);
  for (const reserved of ['input', 'steps', 'env']) delete context[reserved];
  return { input, context, steps: objectAt('steps'), env: Object.assign(objectAt('env'), options.env) };
}

/** Tells of each reference of these namespaces that has no value. */
export function noticing(lookup: Lookup, namespaces: readonly string[], missing: (namespace: string, path: string) => void): Lookup {
  return (namespace, path) => {
    const value = lookup(namespace, path);
    if (value === undefined && path.length > 0 && namespaces.includes(namespace)) missing(namespace, path.join('.'));
    return value;
  };
}
