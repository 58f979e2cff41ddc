import { dictionary, isObject, own, type JsonObject, type JsonValue } from './json.js';
import { PathTree, walk } from './path-tree.js';
import { textOf } from './text.js';

const isArray = Array.isArray;
const keysOf = Object.keys;
const valuesOf = Object.values<JsonValue>;
const PathSet = Set<string>;

/** Finds the value of a reference; undefined leaves it as written. `path` is empty for a bare namespace. */
export type Lookup = (namespace: string, path: readonly string[]) => JsonValue | undefined;

/** The words that begin a reference in every text; a fan-out's `as` adds more. */
export const NAMESPACES: readonly string[] = ['input', 'steps', 'env', 'item', 'context'];

/** What references see. */
export interface Scope {
  input: JsonValue;
  /** Results by step id. */
  steps: { readonly [stepId: string]: JsonValue };
  env: { readonly [name: string]: JsonValue };
  /** The flat top level of the context: the last place that `{context.x}` looks in. */
  context: JsonObject;
  /** The element of a fan-out or of a reply's button template; without it `{item}` stays as written. */
  item?: ScopeItem;
  /** Further namespaces by name, e.g. `row` and `row_index` of a fan-out with `as: row`. They never hide the others. */
  aliases?: { readonly [name: string]: JsonValue };
}

/** `index`: the position from 0, which `{item.index}` yields when the element has no own key `index`. */
export interface ScopeItem {
  value: JsonValue;
  index: number;
}

/**
 * The value with every reference in its strings put in; keys stay. A string that is one reference and nothing but white
 * space around it becomes the value with its type. Inserted text is not scanned again. Parts of scope values are shared,
 * not copied. Never throws, at any depth.
 */
export function resolve(value: JsonValue, lookup: Lookup): JsonValue {
  return mapTexts(value, (text) => resolveString(text, lookup));
}

/** The text with its references put in as text, also when it is exactly one reference. */
export function resolveText(text: string, lookup: Lookup): string {
  let resolved = '';
  let done = 0;
  for (let found = nextReference(text, 0); found !== undefined; found = nextReference(text, found.end)) {
    const value = lookup(found.namespace, found.path);
    if (value === undefined) continue;
    resolved += text.slice(done, found.start) + textOf(value);
    done = found.end;
  }
  return done === 0 ? text : resolved + text.slice(done);
}

/**
 * A kind's config with its references put in. `type` stays; the fields named in `textFields` stay text, as do strings
 * nested in them. A field that is none of those may change its type with what it refers to: check it before use.
 */
export function resolveFields<Config extends object>(
  config: Config,
  textFields: readonly string[],
  lookup: Lookup,
): Config {
  const resolved = { ...config };
  const fields: unknown = resolved;
  if (!isObject(fields)) return resolved;
  for (const name of keysOf(fields)) {
    const value = fields[name];
    if (name === 'type' || value === undefined) continue;
    fields[name] = textFields.includes(name)
      ? mapTexts(value, (text) => resolveText(text, lookup))
      : resolve(value, lookup);
  }
  return resolved;
}

/**
 * The path of every reference in the value's strings, e.g. `steps.fetch.records`, each once, in order of appearance.
 * `aliases`: names that begin a reference besides {@link NAMESPACES}.
 */
export function referencesIn(value: JsonValue, aliases: readonly string[] = []): string[] {
  const paths = new PathSet();
  const pending: JsonValue[] = [value];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (typeof next === 'string') {
      addReferences(next, aliases, paths);
    } else if (typeof next === 'object' && next !== null) {
      const children = isArray(next) ? next : valuesOf(next);
      for (let i = children.length - 1; i >= 0; i--) pending.push(children[i] ?? null);
    }
  }
  return [...paths];
}

/** What stands in braces as a reference does, with whatever first name. */
export function bracedPaths(text: string): { namespace: string; path: string[] }[] {
  const found: { namespace: string; path: string[] }[] = [];
  for (let next = nextReference(text, 0); next !== undefined; next = nextReference(text, next.end)) {
    found.push({ namespace: next.namespace, path: next.path });
  }
  return found;
}

function addReferences(text: string, aliases: readonly string[], paths: Set<string>): void {
  for (let found = nextReference(text, 0); found !== undefined; found = nextReference(text, found.end)) {
    const { namespace, path } = found;
    if (namespace === 'context' && path.length === 0) continue;
    if (NAMESPACES.includes(namespace) || aliases.includes(namespace)) paths.add(text.slice(found.start + 1, found.end - 1));
  }
}

/** Looks references up in a scope by the rules of the format: own keys and array positions only. */
export function scopeLookup(scope: Scope): Lookup {
  return (namespace, path) => {
    switch (namespace) {
      case 'input':
        return walk(scope.input, path);
      case 'steps':
        return walk(scope.steps, path);
      case 'env':
        return walk(scope.env, path);
      case 'context':
        return path.length === 0 ? undefined : contextValue(scope, path);
      case 'item':
        return scope.item === undefined ? undefined : itemValue(scope.item, path);
      default: {
        const alias = scope.aliases === undefined ? undefined : own(scope.aliases, namespace);
        return alias === undefined ? undefined : walk(alias, path);
      }
    }
  };
}

function contextValue(scope: Scope, path: readonly string[]): JsonValue | undefined {
  let value = walk(scope.input, path);
  if (value === undefined) value = walk(scope.steps, path);
  if (value === undefined) value = walk(scope.env, path);
  return value === undefined ? topLevelValue(scope, path) : value;
}

/** `input`, `steps` and `env` are keys of the context too; nothing merged into its top level overwrites them. */
function topLevelValue(scope: Scope, path: readonly string[]): JsonValue | undefined {
  switch (path[0]) {
    case 'input':
      return walk(scope.input, path, 1);
    case 'steps':
      return walk(scope.steps, path, 1);
    case 'env':
      return walk(scope.env, path, 1);
    default:
      return walk(scope.context, path);
  }
}

/** What `{item…}` finds. */
export function itemValue(item: ScopeItem, path: readonly string[]): JsonValue | undefined {
  const isPosition = path[0] === 'index' && walk(item.value, ['index']) === undefined;
  return isPosition ? walk(item.index, path, 1) : walk(item.value, path);
}

/**
 * The values of the paths by path, so that {@link valuesLookup} finds for each of them what `lookup` finds. Paths without
 * a value are absent, and so are those whose value is reached through that of a shorter path.
 */
export function collectValues(paths: readonly string[], lookup: Lookup): { [path: string]: JsonValue } {
  const values = dictionary<JsonValue>();
  const tree = new PathTree();
  const shortestFirst = paths.map((path) => ({ path, segments: path.split('.') }));
  shortestFirst.sort((a, b) => a.segments.length - b.segments.length);
  for (const { path, segments } of shortestFirst) {
    const value = lookup(segments[0] ?? '', segments.slice(1));
    if (value === undefined || tree.get(segments) === value) continue;
    values[path] = value;
    tree.set(segments, value);
  }
  return values;
}

/** Looks references up in collected values: the path itself, else the nearest shorter one, else the fallback. */
export function valuesLookup(values: { readonly [path: string]: JsonValue }, fallback?: Lookup): Lookup {
  const tree = new PathTree();
  for (const path of keysOf(values)) {
    const value = values[path];
    if (value !== undefined) tree.set(path.split('.'), value);
  }
  return (namespace, path) => {
    const value = tree.get([namespace, ...path]);
    return value === undefined ? fallback?.(namespace, path) : value;
  };
}

interface Found {
  /** Positions of `{` and just after `}`. */
  start: number;
  end: number;
  namespace: string;
  path: string[];
}

/** The next `{a.b.c}` from a position on: no braces inside, no empty segment. Whether `a` is a namespace is for others. */
function nextReference(text: string, from: number): Found | undefined {
  let position = text.indexOf('{', from);
  while (position !== -1) {
    const close = text.indexOf('}', position);
    if (close === -1) return undefined;
    const start = text.lastIndexOf('{', close);
    const segments = text.slice(start + 1, close).split('.');
    const isShellVariable = segments.length === 1 && text[start - 1] === '$';
    if (!isShellVariable && !segments.includes('')) {
      const [namespace = '', ...path] = segments;
      return { start, end: close + 1, namespace, path };
    }
    position = text.indexOf('{', close);
  }
  return undefined;
}

function resolveString(text: string, lookup: Lookup): JsonValue {
  const first = nextReference(text, 0);
  if (first === undefined) return text;
  const isAlone = text.slice(0, first.start).trim() === '' && text.slice(first.end).trim() === '';
  if (!isAlone) return resolveText(text, lookup);
  const value = lookup(first.namespace, first.path);
  return value === undefined ? text : value;
}

/** A copy of the value with each of its strings changed; iterative, so that no depth overflows the stack. */
function mapTexts(value: JsonValue, change: (text: string) => JsonValue): JsonValue {
  const holder: [JsonValue] = [value];
  const pending: (JsonValue[] | JsonObject)[] = [holder];
  const changed = (child: JsonValue): JsonValue => {
    if (typeof child === 'string') return change(child);
    if (typeof child !== 'object' || child === null) return child;
    // A spread copies an own `__proto__` as an own key, after which assigning to it is harmless too.
    const copy = isArray(child) ? child.slice() : { ...child };
    pending.push(copy);
    return copy;
  };
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (isArray(next)) {
      for (let i = 0; i < next.length; i++) next[i] = changed(next[i] ?? null);
    } else {
      for (const key of keysOf(next)) {
        const child = next[key];
        if (child !== undefined) next[key] = changed(child);
      }
    }
  }
  return holder[0];
}
