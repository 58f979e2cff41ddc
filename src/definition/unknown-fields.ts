import type { z } from 'zod';
import { foreignFieldHint } from './foreign-fields.js';
import { isObject, own } from './json.js';
import type { Findings } from './problems/findings.js';
import type { Path } from './problems/path.js';
import type { Suggestions } from './problems/suggest.js';

type Schema = z.core.$ZodType;

/**
 * Warns about fields that the schema does not name, wherever the schema is made of named fields. What it leaves open
 * (`z.json()`, records, unions without a tag) is the user's own data and not looked into.
 */
export function warnUnknownFields(
  schema: Schema,
  value: unknown,
  findings: Findings,
  suggestions: Suggestions,
  path: Path = [],
): void {
  const named = settle(schema, value);
  if (named === undefined) return;
  const { def } = named._zod;
  if (def.type === 'array' && Array.isArray(value)) {
    const { element } = def as z.core.$ZodArrayDef;
    value.forEach((item, index) => warnUnknownFields(element, item, findings, suggestions, [...path, index]));
  } else if (def.type === 'object' && isObject(value)) {
    const { shape } = def as z.core.$ZodObjectDef;
    for (const key of Object.keys(value)) {
      const field = own<Schema>(shape, key);
      if (field !== undefined) {
        warnUnknownFields(field, value[key], findings, suggestions, [...path, key]);
      } else {
        const known = Object.keys(shape);
        const hint = foreignFieldHint(key, known) ?? suggestions.hint(key, known) ?? 'It is kept in the definition and has no effect.';
        findings.warn('UNKNOWN_FIELD', [...path, key], `Unknown field '${key}'`, { hint, at: 'key' });
      }
    }
  }
}

/** The object or array schema behind what wraps it and, for a tagged union, the variant that the value names. */
function settle(schema: Schema, value: unknown): Schema | undefined {
  const { def } = schema._zod;
  switch (def.type) {
    case 'optional':
    case 'nullable':
      return settle((def as z.core.$ZodOptionalDef).innerType, value);
    case 'lazy':
      return settle((schema as z.core.$ZodLazy)._zod.innerType, value);
    case 'union':
      return 'discriminator' in def ? variantOf(def as z.core.$ZodDiscriminatedUnionDef, value) : undefined;
    case 'object':
    case 'array':
      return schema;
    default:
      return undefined;
  }
}

function variantOf(def: z.core.$ZodDiscriminatedUnionDef, value: unknown): Schema | undefined {
  if (!isObject(value)) return undefined;
  const tag = own(value, def.discriminator);
  const options: readonly Schema[] = def.options;
  return options.find((option) => option._zod.propValues?.[def.discriminator]?.has(tag as string));
}
