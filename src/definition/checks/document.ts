import { isObject, own, type JsonObject, type JsonValue } from '../json.js';
import type { Findings } from '../problems/findings.js';
import type { Path } from '../problems/path.js';
import type { Suggestions } from '../problems/suggest.js';

/** A step as it stands in the document: its fields may be of any type. */
export interface RawStep {
  readonly raw: JsonObject;
  readonly path: Path;
  /** Undefined when it is no text. */
  readonly id: string | undefined;
  readonly dependsOn: readonly string[];
}

/** What the checks of one document share. They see it as written, so that each finds its problems whatever else is wrong. */
export interface CheckContext {
  readonly findings: Findings;
  readonly suggestions: Suggestions;
  readonly document: JsonObject;
  /** Of the document: `$`, or `$.definition` in an agent wrapper. */
  readonly path: Path;
  readonly wrapper: JsonObject | undefined;
  readonly steps: readonly RawStep[];
  /** The first step of each id. */
  readonly byId: ReadonlyMap<string, RawStep>;
}

export type Unwrapped = Pick<CheckContext, 'document' | 'path' | 'wrapper'>;

export function checkContext(unwrapped: Unwrapped, findings: Findings, suggestions: Suggestions): CheckContext {
  const { document, path } = unwrapped;
  const steps: RawStep[] = [];
  const byId = new Map<string, RawStep>();
  for (const [index, raw] of listOf(own(document, 'steps')).entries()) {
    if (!isObject(raw)) continue;
    const id = textOf(own(raw, 'id'));
    const step = { raw, path: [...path, 'steps', index], id, dependsOn: listOf(own(raw, 'depends_on')).filter(isText) };
    steps.push(step);
    if (id !== undefined && !byId.has(id)) byId.set(id, step);
  }
  return { ...unwrapped, findings, suggestions, steps, byId };
}

export interface RawKind {
  readonly raw: JsonObject;
  readonly path: Path;
}

/** The kinds of a step: its own and, in conditions, those of the branches at any depth. */
export function* kindsOf(step: RawStep): Generator<RawKind> {
  const pending: RawKind[] = [];
  const push = (value: JsonValue | undefined, path: Path): void => {
    if (isObject(value)) pending.push({ raw: value, path });
  };
  push(own(step.raw, 'kind'), [...step.path, 'kind']);
  for (let kind = pending.pop(); kind !== undefined; kind = pending.pop()) {
    yield kind;
    if (own(kind.raw, 'type') !== 'condition') continue;
    push(own(kind.raw, 'if_false'), [...kind.path, 'if_false']);
    push(own(kind.raw, 'if_true'), [...kind.path, 'if_true']);
  }
}

export function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value : [];
}

export function textOf(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function isText(value: JsonValue): value is string {
  return typeof value === 'string';
}

/** Whether a field counts as given: null is as good as absent. */
export function isGiven(object: JsonObject, key: string): boolean {
  const value = own(object, key);
  return value !== undefined && value !== null;
}
