import type { IncomingHttpHeaders } from 'node:http';
import { blobOf, isBlob } from '../../definition/blob.js';
import { parseExact, type InexactNumber } from '../../definition/exact-json.js';
import { isObject, own, type JsonObject, type JsonValue } from '../../definition/json.js';
import { textOfBytes } from '../../definition/charset.js';
import type { TriggerOf, WorkflowDefinition } from '../../definition/types.js';

/** The methods that a webhook may have. */
export const WEBHOOK_METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** A call of a webhook. */
export interface WebhookCall {
  readonly method: string;
  /** Below the mount. */
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** The input of a run, with its numbers that are not kept as they were written. */
export interface WebhookInput {
  readonly input: JsonObject;
  readonly inexact: readonly InexactNumber[];
}

/** Headers that a run is not told: what they hold may be secret. */
const SECRET_HEADERS: ReadonlySet<string> = new Set(['authorization', 'proxy-authorization', 'cookie']);

/** The methods that a webhook takes. */
export function methodsOf({ methods }: TriggerOf<'webhook'>): string[] {
  return (methods ?? ['POST']).map((method) => method.toUpperCase());
}

/**
 * The input of the run that a call starts: the body when it is a JSON object, else `{body}`, nothing without one. How the
 * call was made is added as `webhook`, unless the body has such a key or the input schema allows no further ones.
 */
export function inputOf(call: WebhookCall, trigger: TriggerOf<'webhook'>, { input_schema: schema }: WorkflowDefinition): WebhookInput {
  const { value: body, inexact: numbers } = bodyOf(call);
  const isInput = isObject(body) && !isBlob(body);
  const input: JsonObject = body === undefined ? {} : isInput ? body : { body };
  const inexact = numbers.map((number) => ({ ...number, path: ['input', ...(isInput ? [] : ['body']), ...number.path] }));
  if (Object.hasOwn(input, 'webhook') || refusesMore(schema)) return { input, inexact };
  const webhook = { method: call.method, path: call.path, query: queryOf(call.query), headers: headersOf(call.headers, trigger) };
  return { input: { ...input, webhook }, inexact };
}

/** The body: parsed when it says that it is JSON, or says nothing and is; else its text, or a blob when its bytes are none. */
function bodyOf({ headers, body }: WebhookCall): { value: JsonValue | undefined; inexact: readonly InexactNumber[] } {
  if (body.length === 0) return { value: undefined, inexact: [] };
  const type = headers['content-type'] ?? '';
  const text = textOfBytes(body, type);
  if (text === undefined) return { value: blobOf(body, type), inexact: [] };
  if (type !== '' && !/^application\/(.+\+)?json\b/i.test(type)) return { value: text, inexact: [] };
  try {
    return parseExact(text);
  } catch {
    return { value: text, inexact: [] };
  }
}

function refusesMore(schema: WorkflowDefinition['input_schema']): boolean {
  if (!isObject(schema) || own(schema, 'additionalProperties') !== false) return false;
  const properties = own(schema, 'properties');
  return !isObject(properties) || !Object.hasOwn(properties, 'webhook');
}

/** A name that comes more than once has a list. */
function queryOf(query: string): JsonObject {
  const values = new Map<string, string[]>();
  for (const [name, value] of new URLSearchParams(query)) values.set(name, [...(values.get(name) ?? []), value]);
  return Object.fromEntries([...values].map(([name, all]) => [name, all.length === 1 ? (all[0] ?? '') : all]));
}

function headersOf(headers: IncomingHttpHeaders, { auth }: TriggerOf<'webhook'>): JsonObject {
  const signature = auth?.type === 'hmac_header' || auth?.type === 'token_header' ? auth.header.toLowerCase() : undefined;
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (value === undefined || SECRET_HEADERS.has(name) || name === signature ? [] : [[name, value]])),
  );
}
