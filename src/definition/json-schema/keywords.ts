import { isObject, own, type JsonObject, type JsonValue } from '../json.js';
import type { Path } from '../problems/path.js';

/** Keywords (of 2020-12 and draft-07) with a schema or a list of them, to whether these apply to the same value. */
const SCHEMAS: { readonly [keyword: string]: boolean } = {
  additionalItems: false,
  additionalProperties: false,
  contains: false,
  contentSchema: false,
  items: false,
  prefixItems: false,
  propertyNames: false,
  unevaluatedItems: false,
  unevaluatedProperties: false,
  allOf: true,
  anyOf: true,
  oneOf: true,
  not: true,
  if: true,
  then: true,
  else: true,
};

/** Keywords with schemas by name, to the same. */
const MAPS: { readonly [keyword: string]: boolean } = {
  $defs: false,
  definitions: false,
  patternProperties: false,
  properties: false,
  dependencies: true,
  dependentSchemas: true,
};

export interface Subschema {
  readonly schema: JsonObject;
  readonly path: Path;
  /** Whether it applies to the same value as the schema around it. */
  readonly inPlace: boolean;
}

/** The schemas directly inside a schema; data such as `default`, `enum` or `examples` is not looked into. */
export function* subschemasOf(schema: JsonObject, path: Path): Generator<Subschema> {
  for (const [keyword, value] of Object.entries(schema)) {
    const inPlace = own(SCHEMAS, keyword);
    const inPlaceMap = own(MAPS, keyword);
    const at = [...path, keyword];
    if (inPlace !== undefined && Array.isArray(value)) yield* inside(value.entries(), at, inPlace);
    else if (inPlace !== undefined && isObject(value)) yield { schema: value, path: at, inPlace };
    else if (inPlaceMap !== undefined && isObject(value)) yield* inside(Object.entries(value), at, inPlaceMap);
  }
}

function* inside(entries: Iterable<[string | number, JsonValue]>, path: Path, inPlace: boolean): Generator<Subschema> {
  for (const [key, value] of entries) {
    if (isObject(value)) yield { schema: value, path: [...path, key], inPlace };
  }
}
