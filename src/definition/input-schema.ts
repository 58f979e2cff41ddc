import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';
import { canonicalJson } from './canonical.js';
import { keptAsTextHint } from './exact-json.js';
import { checkMeta } from './json-schema/meta.js';
import type { JsonObject, JsonValue } from './json.js';
import { costProblem } from './check-cost.js';
import type { Path } from './problems/path.js';
import { pointerPath } from './json-schema/pointer.js';

/** One way in which a value does not fit its schema. */
export interface Mismatch {
  readonly path: Path;
  readonly message: string;
}

const MAX_CACHED = 50;
const compiled = new Map<string, ValidateFunction>();

/**
 * Every way in which the value does not fit the schema.
 *
 * @throws Error when the schema is none that can be compiled.
 */
export function mismatches(schema: JsonObject | boolean, value: JsonValue): Mismatch[] {
  const tooLong = costProblem(schema, value);
  if (tooLong !== undefined) return [{ path: [], message: tooLong }];
  const validate = compile(schema);
  if (validate(value)) return [];
  return (validate.errors ?? []).map((error) => ({
    path: pointerPath(error.instancePath, value),
    message: messageOf(error) + digitsHint(error, value),
  }));
}

/** The newest schemas stay compiled: one client starts many runs of a few definitions. */
function compile(schema: JsonObject | boolean): ValidateFunction {
  const key = JSON.stringify(schema);
  const known = compiled.get(key);
  if (known !== undefined) return known;
  const validate = createAjv(schema).compile(schema);
  const [oldest] = compiled.keys();
  if (compiled.size >= MAX_CACHED && oldest !== undefined) compiled.delete(oldest);
  compiled.set(key, validate);
  return validate;
}

/** An instance for each schema, since one keeps all that it has ever compiled. */
function createAjv(schema: JsonObject | boolean): Ajv | Ajv2020 {
  const options = {
    strict: false,
    allErrors: true,
    logger: false,
    validateSchema: false,
    addUsedSchema: false,
  } as const;
  const isOld = typeof schema === 'object' && checkMeta(schema).draft === 'draft-07';
  const ajv = isOld ? new Ajv(options) : new Ajv2020(options);
  // Draft-04's name of $id, which ajv refuses, is found in hand-written schemas.
  ajv.removeKeyword('id');
  // Ajv compares each pair of elements, for hours with as many as a request can hold.
  ajv.removeKeyword('uniqueItems');
  ajv.addKeyword({ keyword: 'uniqueItems', type: 'array', schemaType: 'boolean', error: { message: 'must NOT have duplicate items' }, validate: isUnique });
  ajvFormats.default(ajv);
  return ajv;
}

function isUnique(asked: boolean, items: readonly JsonValue[]): boolean {
  return !asked || new Set(items.map((item) => canonicalJson(item))).size === items.length;
}

/** Why a number that was sent is a text here, and what to do. */
function digitsHint({ keyword, params, instancePath }: ErrorObject, root: JsonValue): string {
  const { type } = params as { type?: string | string[] };
  if (keyword !== 'type' || !['number', 'integer'].some((name) => [type].flat().includes(name))) return '';
  return keptAsTextHint(valueAt(root, pointerPath(instancePath, root)));
}

function valueAt(root: JsonValue, path: Path): unknown {
  return path.reduce<unknown>((value, segment) => (typeof value === 'object' && value !== null ? Reflect.get(value, segment) : undefined), root);
}

function messageOf({ keyword, params, message = 'is not allowed' }: ErrorObject): string {
  const details = params as {
    additionalProperty?: string;
    unevaluatedProperty?: string;
    allowedValues?: unknown[];
    allowedValue?: unknown;
  };
  switch (keyword) {
    case 'additionalProperties':
    case 'unevaluatedProperties':
      return `must not have the property '${details.additionalProperty ?? details.unevaluatedProperty ?? ''}'`;
    case 'enum':
      return `must be one of ${(details.allowedValues ?? []).map((value) => JSON.stringify(value)).join(', ')}`;
    case 'const':
      return `must be ${JSON.stringify(details.allowedValue)}`;
    default:
      return message;
  }
}
