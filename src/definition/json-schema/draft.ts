import { own, type JsonObject } from '../json.js';

export type Draft = '2020-12' | 'draft-07' | 'any';

const DRAFTS: { readonly [uri: string]: Draft } = {
  'json-schema.org/draft/2020-12/schema': '2020-12',
  'json-schema.org/draft/2019-09/schema': 'any',
  'json-schema.org/draft-07/schema': 'draft-07',
  'json-schema.org/draft-06/schema': 'draft-07',
  'json-schema.org/schema': 'any',
};

/** The draft that a schema says it is of; `any` when it does not say, undefined when it is none that is supported. */
export function draftOf(schema: JsonObject): Draft | undefined {
  const uri = own(schema, '$schema');
  if (uri === undefined) return 'any';
  return typeof uri === 'string' ? own(DRAFTS, uri.replace(/^https?:\/\//, '').replace(/#$/, '')) : undefined;
}
