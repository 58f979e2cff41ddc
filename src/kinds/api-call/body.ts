import { bytesOf, isBlob, type Blob as BytesAsJson } from '../../definition/blob.js';
import { isObject, type JsonObject, type JsonValue } from '../../definition/json.js';
import { StepFailure } from '../failure.js';
import type { ConfigOf } from '../schemas.js';
import { mediaTypeOf } from './media-types.js';
import { pairsOf } from './query.js';

export interface Body {
  readonly content: string | Buffer;
  readonly type: string;
  /** The type counts more than a header of the step, which cannot know the boundary. */
  readonly mustHave?: true;
}

type Given = Pick<ConfigOf<'api_call'>, 'body' | 'form' | 'multipart'>;

/** What a step sends, under the Content-Type of its headers or connections; undefined for nothing. Throws {@link StepFailure} `BAD_BODY`. */
export async function bodyOf({ body, form, multipart }: Given, contentType: string | undefined): Promise<Body | undefined> {
  const given = [body === '' ? undefined : body, form, multipart].filter((value) => value !== undefined && value !== null);
  if (given.length > 1) throw badBody('Only one of body, form and multipart can be sent: leave the others out');
  if (form !== undefined && form !== null) return formBody(form, 'form');
  if (multipart !== undefined && multipart !== null) return multipartBody(multipart, 'multipart');
  if (body === undefined || body === null || body === '') return undefined;
  if (typeof body === 'string') return { content: body, type: 'text/plain;charset=UTF-8' };
  if (isBlob(body)) return { content: contentOf(body, 'body'), type: body.content_type };
  return structuredBody(body, mediaTypeOf(contentType));
}

/** An object, list, number or boolean. */
async function structuredBody(body: JsonValue, type: string): Promise<Body> {
  if (type === 'application/x-www-form-urlencoded') return formBody(body, 'body');
  if (type === 'multipart/form-data') return multipartBody(body, 'body');
  if (/^(image|audio|video|font)\/|[/+]xml$|^text\/(html|csv)$|^application\/octet-stream$/.test(type)) {
    throw badBody(`The Content-Type of the request is ${type}, and its body is ${nameOf(body)}: send text, or the blob of an earlier step`);
  }
  return { content: JSON.stringify(body), type: 'application/json' };
}

function formBody(fields: JsonValue, field: string): Body {
  const content = new URLSearchParams(pairsOf(objectOf(fields, field), (message) => badBody(`${field}.${message}`))).toString();
  return { content, type: 'application/x-www-form-urlencoded' };
}

async function multipartBody(fields: JsonValue, field: string): Promise<Body> {
  const form = new FormData();
  for (const [name, given] of Object.entries(objectOf(fields, field))) {
    for (const part of Array.isArray(given) ? given : [given]) addPart(form, name, part, `${field}.${name}`);
  }
  const encoded = new Response(form);
  return { content: Buffer.from(await encoded.arrayBuffer()), type: encoded.headers.get('content-type') ?? 'multipart/form-data', mustHave: true };
}

/** A part: text, number or boolean, a blob, or `{value, filename?, content_type?}`. */
function addPart(form: FormData, name: string, part: JsonValue, field: string): void {
  if (part === null) return;
  const { value, filename, content_type: type } = isObject(part) && !isBlob(part) ? part : { value: part };
  if (isBlob(value)) {
    const options = { type: textOf(type) ?? value.content_type };
    form.append(name, new Blob([new Uint8Array(contentOf(value, field))], options), textOf(filename) ?? name);
  } else if (typeof value === 'object' || value === undefined) {
    throw badBody(`${field} is ${nameOf(value ?? part)}: a part is text, a blob, or {value, filename, content_type} with one of them`);
  } else if (textOf(filename) !== undefined || textOf(type) !== undefined) {
    form.append(name, new Blob([String(value)], { type: textOf(type) ?? 'text/plain;charset=UTF-8' }), textOf(filename) ?? name);
  } else {
    form.append(name, String(value));
  }
}

function textOf(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function contentOf(blob: BytesAsJson, field: string): Buffer {
  const bytes = bytesOf(blob);
  if (bytes !== undefined) return bytes;
  throw badBody(`The base64 of the blob in ${field} is not what its $blob, a SHA-256, tells: a secret in it was masked, or it was changed. Nothing was sent`);
}

function objectOf(value: JsonValue, field: string): JsonObject {
  if (isObject(value) && !isBlob(value)) return value;
  throw badBody(`${field} must be an object with the fields of the form, but is ${nameOf(value)}`);
}

function nameOf(value: JsonValue): string {
  if (Array.isArray(value)) return 'a list';
  if (isBlob(value)) return 'a blob';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function badBody(message: string): StepFailure {
  return new StepFailure('BAD_BODY', message);
}
