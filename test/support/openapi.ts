import type { JsonObject, JsonValue } from '../../src/definition/json.js';

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly schema: JsonObject;
}

/** One method of one path of an OpenAPI document. */
export interface Operation {
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly Parameter[];
  /** JSON Schema of its body, when it has one. */
  readonly body: JsonObject | undefined;
  /** By status, `4XX` and `5XX`: what the document says of an answer. */
  readonly responses: { readonly [status: string]: { readonly content?: { readonly [type: string]: { readonly schema: JsonObject } } } };
}

/** An OpenAPI document, as far as the tests read it. */
export interface OpenApi {
  readonly paths: { readonly [path: string]: { readonly [method: string]: JsonObject } };
  readonly components: { readonly schemas: { readonly [name: string]: JsonObject } };
}

/** All operations of a document, in its order. */
export function operationsOf({ paths }: OpenApi): Operation[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters = [], requestBody, responses }]) => ({
      method: method.toUpperCase(),
      path,
      parameters: parameters as unknown as Parameter[],
      body: at(requestBody, 'content', 'application/json', 'schema') as JsonObject | undefined,
      responses: responses as unknown as Operation['responses'],
    })),
  );
}

/** What the document says of an answer with this status, under which key. */
export function responseOf({ responses }: Operation, status: number): { key: string; content: { readonly [type: string]: { readonly schema: JsonObject } } } | undefined {
  const key = [String(status), `${String(status)[0]}XX`].find((each) => each in responses);
  return key === undefined ? undefined : { key, content: responses[key]?.content ?? {} };
}

function at(value: JsonValue | undefined, ...path: string[]): JsonValue | undefined {
  return path.reduce<JsonValue | undefined>((inner, key) => (inner as JsonObject | undefined)?.[key], value);
}
