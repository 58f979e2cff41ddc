import { isObject, own, type JsonObject, type JsonValue } from '../json.js';
import type { Path } from '../problems/path.js';

/** Where a JSON Schema holds further schemas (2020-12 and draft-07). `inPlace`: they apply to the same value. */
const ONE = ['additionalProperties', 'additionalItems', 'items', 'contains', 'propertyNames', 'unevaluatedItems', 'unevaluatedProperties', 'contentSchema'];
const ONE_IN_PLACE = ['not', 'if', 'then', 'else'];
const LISTS = ['prefixItems', 'items'];
const LISTS_IN_PLACE = ['allOf', 'anyOf', 'oneOf'];
const MAPS = ['properties', 'patternProperties', '$defs', 'definitions'];
const MAPS_IN_PLACE = ['dependentSchemas', 'dependencies'];

export interface Subschema {
  readonly schema: JsonObject;
  readonly path: Path;
  readonly inPlace: boolean;
}

/** The schemas directly inside a schema; data such as `default`, `enum` or `examples` is not looked into. */
export function* subschemasOf(schema: JsonObject, path: Path): Generator<Subschema> {
  for (const [keywords, inPlace] of [[ONE, false], [ONE_IN_PLACE, true]] as const) {
    for (const keyword of keywords) {
      const value = own(schema, keyword);
      if (isObject(value)) yield { schema: value, path: [...path, keyword], inPlace };
    }
  }
  for (const [keywords, inPlace] of [[LISTS, false], [LISTS_IN_PLACE, true]] as const) {
    for (const keyword of keywords) {
      const value = own(schema, keyword);
      if (Array.isArray(value)) yield* inside(value.entries(), [...path, keyword], inPlace);
    }
  }
  for (const [keywords, inPlace] of [[MAPS, false], [MAPS_IN_PLACE, true]] as const) {
    for (const keyword of keywords) {
      const value = own(schema, keyword);
      if (isObject(value)) yield* inside(Object.entries(value), [...path, keyword], inPlace);
    }
  }
}

function* inside(entries: Iterable<[string | number, JsonValue]>, path: Path, inPlace: boolean): Generator<Subschema> {
  for (const [key, value] of entries) {
    if (isObject(value)) yield { schema: value, path: [...path, key], inPlace };
  }
}
