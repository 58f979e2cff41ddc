import type { IncomingHttpHeaders } from 'node:http';
import { isObject, own, type JsonObject, type JsonValue } from '../../definition/json.js';
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
export function inputOf(call: WebhookCall, trigger: TriggerOf<'webhook'>, { input_schema: schema }: WorkflowDefinition): JsonObject {
  const body = bodyOf(call);
  const input: JsonObject = body === undefined ? {} : isObject(body) ? body : { body };
  if (Object.hasOwn(input, 'webhook') || refusesMore(schema)) return input;
  return { ...input, webhook: { method: call.method, path: call.path, query: queryOf(call.query), headers: headersOf(call.headers, trigger) } };
}

/** The body: parsed when it says that it is JSON, or says nothing and is; else its text. */
function bodyOf({ headers, body }: WebhookCall): JsonValue | undefined {
  if (body.length === 0) return undefined;
  const text = body.toString('utf8');
  const type = headers['content-type'] ?? '';
  if (type !== '' && !/^application\/(.+\+)?json\b/i.test(type)) return text;
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return text;
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
  const signature = auth?.type === 'hmac_header' ? auth.header.toLowerCase() : undefined;
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (value === undefined || SECRET_HEADERS.has(name) || name === signature ? [] : [[name, value]])),
  );
}
