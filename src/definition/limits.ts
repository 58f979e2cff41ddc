import type { Findings } from './problems/findings.js';
import type { Path } from './problems/path.js';

/**
 * What a definition may be at most. Bytes are those of its compact JSON in UTF-8; `workflowDepth`: workflows that stand above
 * each other by `workflow` steps, the topmost included.
 */
export const LIMITS = { bytes: 1_572_864, steps: 10_000, depth: 64, workflowDepth: 16 } as const;

/** How long a worker that is told to end may let its steps finish: a week. */
export const LONGEST_GRACE_SECS = 604_800;

export function documentBounds(bytes: number): Bounds {
  return { what: 'document', bytes, depth: LIMITS.depth };
}

/** A file may hold this many times the bytes of its compact JSON: indentation, comments. */
const TEXT_FACTOR = 4;

/** The largest text that is looked at, in UTF-16 units or bytes, for definitions of at most `maxBytes`. */
export function maxTextLength(maxBytes: number): number {
  return maxBytes * TEXT_FACTOR;
}

export function tooLargeMessage({ what, bytes }: Bounds): string {
  return `The ${what} is too large: it may be ${describeBytes(bytes)} of JSON at most`;
}

export const TOO_LARGE_HINT = 'Move data out of the document: give it as input, or let a step fetch it.';

/** The offset of the first bracket below {@link LIMITS}.depth levels of nesting, by one pass over JSON text. */
export function tooDeepOffset(text: string): number | undefined {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    switch (text.charAt(i)) {
      case '"':
        i = endOfString(text, i);
        break;
      case '[':
      case '{':
        depth++;
        if (depth > LIMITS.depth) return i;
        break;
      case ']':
      case '}':
        depth--;
        break;
    }
  }
  return undefined;
}

function endOfString(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '"') return i;
  }
  return text.length;
}

export function tooDeepMessage({ what, depth }: Pick<Bounds, 'what' | 'depth'>): string {
  return `The ${what} is nested deeper than ${depth} levels`;
}

/** Keys that the path of a too deep value shows. */
const SHOWN_DEPTH = 8;

interface Visit {
  value: unknown;
  depth: number;
  key: string | number | undefined;
  parent: Visit | undefined;
}

/** What a value may be at most, and what it is called in messages. */
export interface Bounds {
  readonly what: string;
  readonly bytes: number;
  readonly depth: number;
  /** Where the value stands, when it is a part of something. */
  readonly path?: Path;
}

/**
 * Whether a value is JSON within the bounds; reports what is not. It is done before anything recursive sees the value,
 * and stops at the size limit, so that neither cycles nor shared parts (YAML aliases) make it long.
 */
export function checkBounds(root: unknown, bounds: Bounds, findings: Findings): boolean {
  let bytes = 0;
  let isJson = true;
  const path = bounds.path ?? [];
  const pending: Visit[] = [{ value: root, depth: 0, key: undefined, parent: undefined }];
  for (let visit = pending.pop(); visit !== undefined; visit = pending.pop()) {
    const { value } = visit;
    bytes += lengthOf(value);
    if (bytes > bounds.bytes) {
      findings.error('DOCUMENT_TOO_LARGE', path, tooLargeMessage(bounds), { hint: TOO_LARGE_HINT });
      return false;
    }
    if (typeof value === 'object' && value !== null && isPlain(value)) {
      if (visit.depth >= bounds.depth) {
        findings.error('NESTED_TOO_DEEP', [...path, ...keysTo(visit).slice(0, SHOWN_DEPTH)], tooDeepMessage(bounds));
        return false;
      }
      pushChildren(pending, visit, value);
    } else if (!isScalar(value)) {
      const message = `The ${bounds.what} is JSON: ${describe(value)} cannot be part of it`;
      findings.error('WRONG_TYPE', [...path, ...keysTo(visit)], message);
      isJson = false;
    }
  }
  return isJson;
}

/** At most the bytes that the value itself takes as JSON; of a list or an object, that of its frame and keys. */
function lengthOf(value: unknown): number {
  if (typeof value === 'string') return value.length + 2;
  if (Array.isArray(value)) return value.length + 1;
  if (typeof value !== 'object' || value === null) return 1;
  let length = 1;
  for (const key of Object.keys(value)) length += key.length + 3;
  return length;
}

function pushChildren(pending: Visit[], parent: Visit, value: object): void {
  const depth = parent.depth + 1;
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    for (let i = items.length - 1; i >= 0; i--) pending.push({ value: items[i], depth, key: i, parent });
    return;
  }
  const object = value as { readonly [key: string]: unknown };
  const keys = Object.keys(object);
  for (let i = keys.length - 1; i >= 0; i--) {
    const key = keys[i] ?? '';
    // JSON.stringify leaves undefined properties out, and so does what a run is started with.
    if (object[key] !== undefined) pending.push({ value: object[key], depth, key, parent });
  }
}

function isScalar(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  return value === null || typeof value === 'string' || typeof value === 'boolean';
}

/** By tag, since objects of another realm have another `Object.prototype`. */
function isPlain(value: object): boolean {
  return Array.isArray(value) || Object.prototype.toString.call(value) === '[object Object]';
}

function describe(value: unknown): string {
  if (typeof value === 'number') return String(value);
  if (typeof value === 'bigint') return `the BigInt ${value} (give it as text: String(value))`;
  return typeof value === 'object' && value !== null
    ? `a ${value.constructor.name}`
    : `a value of type ${typeof value}`;
}

function keysTo(visit: Visit): Path {
  const path: (string | number)[] = [];
  for (let at: Visit | undefined = visit; at?.key !== undefined; at = at.parent) path.push(at.key);
  return path.reverse();
}

function describeBytes(bytes: number): string {
  return `${Math.round((bytes / 1_048_576) * 100) / 100} MiB`;
}
