import { isObject, own, type JsonObject, type JsonValue } from '../json.js';
import type { Findings } from '../problems/findings.js';
import type { Path } from '../problems/path.js';
import { subschemasOf, type Subschema } from './keywords.js';
import { pointedAt } from './pointer.js';

/** Schemas that may apply to one value, references followed: above this, some value takes very long to check. */
const MAX_APPLIED = 5_000;

/** All schemas of one document, what they are called, and which of them apply to the same value as another. */
interface SchemaGraph {
  readonly nodes: Map<JsonObject, Path>;
  readonly inPlace: Map<JsonObject, JsonObject[]>;
}

/**
 * Reports references that lead nowhere or out of the document, and schemas that apply to one value without end or so often
 * that checking it would take very long.
 */
export function checkReferences(root: JsonObject, path: Path, findings: Findings): void {
  const graph = graphOf(root, path);
  const names = namesOf(graph.nodes.keys());
  for (const [schema, at] of [...graph.nodes]) {
    for (const keyword of ['$ref', '$dynamicRef', '$recursiveRef']) {
      const reference = own(schema, keyword);
      if (typeof reference !== 'string') continue;
      const target = resolveReference(reference, root, names);
      if (target === undefined) {
        findings.error('BAD_JSON_SCHEMA', [...at, keyword], `'${reference}' refers to no schema in this document`, {
          hint: "Put the schema under '$defs' and refer to it as '#/$defs/name'; other documents are not fetched.",
        });
      } else if (isObject(target)) {
        if (!graph.nodes.has(target)) addSchemas(graph, { schema: target, path: at, inPlace: false });
        graph.inPlace.get(schema)?.push(target);
      }
    }
  }
  const endless = findEndless(graph);
  if (endless !== undefined) {
    findings.error(
      'BAD_JSON_SCHEMA',
      graph.nodes.get(endless) ?? path,
      'The schema applies to a value without end, or too often',
      {
        hint: "Let '$ref', 'allOf', 'anyOf' and 'oneOf' lead through 'properties' or 'items' before they come back.",
      },
    );
  }
}

function graphOf(root: JsonObject, path: Path): SchemaGraph {
  const graph: SchemaGraph = { nodes: new Map(), inPlace: new Map() };
  addSchemas(graph, { schema: root, path, inPlace: false });
  return graph;
}

function addSchemas(graph: SchemaGraph, start: Subschema): void {
  const pending = [start];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (graph.nodes.has(next.schema)) continue;
    graph.nodes.set(next.schema, next.path);
    const below = [...subschemasOf(next.schema, next.path)];
    graph.inPlace.set(
      next.schema,
      below.filter(({ inPlace }) => inPlace).map(({ schema }) => schema),
    );
    pending.push(...below.reverse());
  }
}

/** Anchors as `#name` and ids without an empty fragment. */
function namesOf(schemas: Iterable<JsonObject>): Map<string, JsonObject> {
  const names = new Map<string, JsonObject>();
  for (const schema of schemas) {
    for (const [keyword, prefix] of [
      ['$anchor', '#'],
      ['$dynamicAnchor', '#'],
      ['$id', ''],
      ['id', ''],
    ] as const) {
      const name = own(schema, keyword);
      if (typeof name === 'string') names.set(`${prefix}${name.replace(/#$/, '')}`, schema);
    }
  }
  return names;
}

/** A pointer below an embedded `$id` counts from there; one that only resolves from the root is accepted as well. */
function resolveReference(reference: string, root: JsonObject, names: Map<string, JsonObject>): JsonValue | undefined {
  if (reference === '#' || reference === '') return root;
  const named = names.get(reference);
  if (named !== undefined) return named;
  const [base = '', fragment = ''] = reference.split('#', 2);
  const starts = base === '' ? [root, ...new Set(names.values())] : [nameEndingIn(base, names)];
  for (const start of starts) {
    if (start === undefined) continue;
    const target = fragment === '' ? start : pointedAt(start, decode(fragment));
    if (isObject(target) || typeof target === 'boolean') return target;
  }
  return undefined;
}

function nameEndingIn(base: string, names: Map<string, JsonObject>): JsonObject | undefined {
  for (const [name, schema] of names) if (name === base || name.endsWith(`/${base}`)) return schema;
  return undefined;
}

function decode(fragment: string): string {
  try {
    return decodeURIComponent(fragment);
  } catch {
    return fragment;
  }
}

/** A schema that comes back to itself on the same value, or that applies more than {@link MAX_APPLIED} schemas to it. */
function findEndless({ nodes, inPlace }: SchemaGraph): JsonObject | undefined {
  const applied = new Map<JsonObject, number>();
  const open = new Set<JsonObject>();
  const pending = [...nodes.keys()];
  for (let schema = pending.at(-1); schema !== undefined; schema = pending.at(-1)) {
    if (applied.has(schema)) {
      pending.pop();
      continue;
    }
    const below = inPlace.get(schema) ?? [];
    if (open.has(schema)) {
      const sum = below.reduce((count, next) => count + (applied.get(next) ?? Infinity), 1);
      if (sum > MAX_APPLIED) return schema;
      applied.set(schema, sum);
      open.delete(schema);
      pending.pop();
      continue;
    }
    open.add(schema);
    for (const next of below) {
      if (open.has(next)) return next;
      if (!applied.has(next)) pending.push(next);
    }
  }
  return undefined;
}
