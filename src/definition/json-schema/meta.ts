import { Ajv, type ErrorObject } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { own, type JsonObject } from '../json.js';

export type Draft = '2020-12' | 'draft-07';

/** The drafts that a schema may be of by its `$schema`, the likelier one first. */
const DRAFTS: { readonly [uri: string]: readonly Draft[] } = {
  'json-schema.org/draft/2020-12/schema': ['2020-12'],
  'json-schema.org/draft/2019-09/schema': ['2020-12', 'draft-07'],
  'json-schema.org/draft-07/schema': ['draft-07'],
  'json-schema.org/draft-06/schema': ['draft-07'],
  'json-schema.org/schema': ['2020-12', 'draft-07'],
};

const options = { strict: false, allErrors: true, validateFormats: false, logger: false } as const;
let meta2020: Ajv2020 | undefined;
let meta07: Ajv | undefined;

/** The draft that a schema is of, or the complaints of the likeliest draft about it; neither: no draft that is supported. */
export interface MetaResult {
  readonly draft?: Draft;
  readonly errors: readonly ErrorObject[];
}

export function checkMeta(schema: JsonObject): MetaResult {
  const { $schema: _, ...plain } = schema;
  let complaints: readonly ErrorObject[] | undefined;
  for (const draft of draftsOf(schema)) {
    const errors = errorsBy(draft, plain);
    if (errors.length === 0) return { draft, errors };
    complaints ??= errors;
  }
  return { errors: complaints ?? [] };
}

function draftsOf(schema: JsonObject): readonly Draft[] {
  const uri = own(schema, '$schema') ?? 'json-schema.org/schema';
  return (typeof uri === 'string' ? own(DRAFTS, uri.replace(/^https?:\/\//, '').replace(/#$/, '')) : undefined) ?? [];
}

function errorsBy(draft: Draft, schema: JsonObject): readonly ErrorObject[] {
  if (draft === 'draft-07') {
    meta07 ??= new Ajv(options);
    return meta07.validate('http://json-schema.org/draft-07/schema', schema) ? [] : (meta07.errors ?? []);
  }
  meta2020 ??= new Ajv2020(options);
  return meta2020.validate('https://json-schema.org/draft/2020-12/schema', schema) ? [] : (meta2020.errors ?? []);
}
