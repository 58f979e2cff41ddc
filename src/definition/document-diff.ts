import { canonicalJson } from './canonical.js';
import { isObject, own, type JsonObject, type JsonValue } from './json.js';
import { formatPath, type Path } from './problems/path.js';
import { textOf } from './text.js';
import { innerDocument } from './unwrap.js';

/** One place in which two values differ; of what was added or removed, the topmost. */
export interface Difference {
  /** JSON path in the step, or in the document, e.g. `$.kind.url`. */
  readonly path: string;
  readonly change: 'added' | 'removed' | 'changed';
  /** Absent when it was added. */
  readonly before?: JsonValue;
  /** Absent when it was removed. */
  readonly after?: JsonValue;
}

/** What differs between two documents; steps are the same when their ids are. */
export interface DocumentDiff {
  readonly steps: {
    /** Ids, in the order of the document that has them. */
    readonly added: readonly string[];
    readonly removed: readonly string[];
    readonly changed: readonly { readonly id: string; readonly differences: readonly Difference[] }[];
    /** Whether steps that both have stand in another order. */
    readonly reordered: boolean;
  };
  /** Of all that is not within a step. */
  readonly differences: readonly Difference[];
}

/** Compares two valid documents by structure: the order of keys and white space do not count. */
export function diffDocuments(before: JsonObject, after: JsonObject): DocumentDiff {
  const [old, now] = [stepsOf(before), stepsOf(after)];
  const kept = [...now.keys()].filter((id) => old.has(id));
  const changed = kept.map((id) => ({ id, differences: differencesOf(old.get(id), now.get(id)) })).filter(({ differences }) => differences.length > 0);
  return {
    steps: {
      added: [...now.keys()].filter((id) => !old.has(id)),
      removed: [...old.keys()].filter((id) => !now.has(id)),
      changed,
      reordered: [...old.keys()].filter((id) => now.has(id)).some((id, index) => id !== kept[index]),
    },
    differences: differencesOf(withoutSteps(before), withoutSteps(after)),
  };
}

function stepsOf(document: JsonObject): Map<string, JsonValue> {
  const steps = own(innerDocument(document), 'steps');
  return new Map((Array.isArray(steps) ? steps : []).map((step) => [isObject(step) ? textOf(own(step, 'id') ?? '') : '', step]));
}

/** The steps lie in the document, or in the definition that it wraps. */
function withoutSteps(document: JsonObject): JsonObject {
  const { steps: _steps, ...rest } = innerDocument(document);
  return innerDocument(document) === document ? rest : { ...document, definition: rest };
}

function differencesOf(before: JsonValue | undefined, after: JsonValue | undefined, path: Path = []): Difference[] {
  if (before === undefined || after === undefined) {
    if (after !== undefined) return [{ path: formatPath(path), change: 'added', after }];
    return before === undefined ? [] : [{ path: formatPath(path), change: 'removed', before }];
  }
  if (isObject(before) && isObject(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys].flatMap((key) => differencesOf(own(before, key), own(after, key), [...path, key]));
  }
  if (Array.isArray(before) && Array.isArray(after)) {
    const longest = Math.max(before.length, after.length);
    return Array.from({ length: longest }).flatMap((_, index) => differencesOf(before[index], after[index], [...path, index]));
  }
  return canonicalJson(before) === canonicalJson(after) ? [] : [{ path: formatPath(path), change: 'changed', before, after }];
}
