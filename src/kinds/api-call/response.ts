import { pipeline, type Readable } from 'node:stream';
import { constants, createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { Dispatcher } from 'undici';
import { blobOf } from '../../definition/blob.js';
import { readableText, textOfBytes } from '../../definition/charset.js';
import { parseExact } from '../../definition/exact-json.js';
import { own, type JsonObject, type JsonValue } from '../../definition/json.js';
import { messageOf } from '../../definition/text.js';
import type { ActivityContext } from '../activity.js';
import { StepFailure } from '../failure.js';
import { exactValue } from '../text-result.js';
import { isBinary, isJson, mediaTypeOf } from './media-types.js';

/** The bytes of a body, and whether more than the limit came; the rest is not read and the connection is closed. */
interface BodyBytes {
  bytes: Buffer;
  truncated: boolean;
}

/** Reads at most `maxBytes` of a body, decompressed. */
export async function readBytes(response: Dispatcher.ResponseData, maxBytes: number): Promise<BodyBytes> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of decoded(response) as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > maxBytes) break;
  }
  return { bytes: Buffer.concat(chunks).subarray(0, maxBytes), truncated: size > maxBytes };
}

/**
 * The value of a body. `auto`: parsed when its content type is JSON and it parses, text when it is some in the charset that the
 * content type names (else UTF-8), else a blob.
 *
 * @throws StepFailure `BAD_ANSWER` when it is not what `parse` asks for.
 */
export function valueOf(response: Dispatcher.ResponseData, bytes: Buffer, parse: Parse, context: Pick<ActivityContext, 'warn'>): JsonValue {
  const type = contentTypeOf(response);
  const media = mediaTypeOf(type);
  if (parse === 'blob' || (parse === 'auto' && bytes.length > 0 && isBinary(media))) return blobOf(bytes, type);
  const text = textOfBytes(bytes, type);
  if (text === undefined) {
    if (parse === 'auto') return blobOf(bytes, type);
    throw badAnswer(`is no text in its charset (content type '${type}'), so it cannot be read as ${parse}`, 'use parse: blob');
  }
  switch (parse) {
    case 'text':
      return text;
    case 'json':
      return parsed(text, '', context);
    case 'ndjson':
      return text.split('\n').flatMap((line, index) => (line.trim() === '' ? [] : [parsed(line, ` in line ${index + 1}`, context)]));
    case 'auto':
      return isJson(media) ? jsonOrText(text, context) : text;
  }
}

export type Parse = 'auto' | 'json' | 'text' | 'ndjson' | 'blob';

function jsonOrText(text: string, context: Pick<ActivityContext, 'warn'>): JsonValue {
  try {
    return exactValue(parseExact(text), context);
  } catch {
    return text;
  }
}

function parsed(text: string, where: string, context: Pick<ActivityContext, 'warn'>): JsonValue {
  try {
    return exactValue(parseExact(text), context);
  } catch (error) {
    throw badAnswer(`is not JSON${where}: ${messageOf(error)}`, 'use parse: text to see it');
  }
}

function badAnswer(what: string, hint: string): StepFailure {
  return new StepFailure('BAD_ANSWER', `The body of the answer ${what}. What to do: ${hint}`);
}

/** The headers of an answer by lower-case name: all, or those that are named. Several values are joined, but for cookies. */
export function headersOf({ headers }: Dispatcher.ResponseData, wanted: boolean | readonly string[]): JsonObject {
  const names = wanted === true ? Object.keys(headers) : wanted === false ? [] : wanted.map((name) => name.toLowerCase());
  return Object.fromEntries(
    names.flatMap((name): [string, JsonValue][] => {
      const value = own(headers, name);
      if (value === undefined) return [];
      return [[name, name === 'set-cookie' ? [value].flat() : [value].flat().join(', ')]];
    }),
  );
}

/** The beginning of a body as a message repeats it. */
export function messageTextOf(response: Dispatcher.ResponseData, bytes: Buffer): string {
  return readableText(bytes, contentTypeOf(response));
}

/** Closes a response whose body nobody reads. */
export function discard(response: Dispatcher.ResponseData): void {
  response.body.on('error', () => undefined).destroy();
}

function decoded(response: Dispatcher.ResponseData): Readable {
  const encodings = [response.headers['content-encoding'] ?? []].flat().join(',').toLowerCase().split(',');
  const decoders = encodings
    .map((encoding) => encoding.trim())
    .filter((encoding) => encoding !== '' && encoding !== 'identity')
    .reverse()
    .map((encoding) => decoderFor(encoding, response));
  // The last stream carries the error of any of them.
  return decoders.reduce<Readable>((from, decoder) => pipeline(from, decoder, () => undefined), response.body);
}

function decoderFor(encoding: string, response: Dispatcher.ResponseData) {
  // As browsers do: a body without end mark is read as far as it goes; HTTP's own framing tells a broken connection.
  const zlib = { finishFlush: constants.Z_SYNC_FLUSH };
  switch (encoding) {
    case 'gzip':
    case 'x-gzip':
      return createGunzip(zlib);
    case 'deflate':
      return createInflate(zlib);
    case 'br':
      return createBrotliDecompress({ finishFlush: constants.BROTLI_OPERATION_FLUSH });
    default:
      discard(response);
      throw new StepFailure(
        'HTTP_NETWORK',
        `The answer is compressed as '${encoding}', which cannot be read: set the header Accept-Encoding to gzip, deflate, br or identity`,
      );
  }
}

function contentTypeOf(response: Dispatcher.ResponseData): string {
  return [response.headers['content-type'] ?? ''].flat().join(',');
}
