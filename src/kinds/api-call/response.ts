import { pipeline, type Readable } from 'node:stream';
import { constants, createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { MIMEType, TextDecoder } from 'node:util';
import type { Dispatcher } from 'undici';
import { parseExact } from '../../definition/exact-json.js';
import type { JsonValue } from '../../definition/json.js';
import type { ActivityContext } from '../activity.js';
import { StepFailure } from '../failure.js';
import { exactValue } from '../text-result.js';

/** The text of a body, and whether more than the limit came; the rest is not read and the connection is closed. */
interface BodyText {
  text: string;
  truncated: boolean;
}

/** Reads at most `maxBytes` of a body, decompressed, in the charset that its content type names (else UTF-8). */
export async function readText(response: Dispatcher.ResponseData, maxBytes: number): Promise<BodyText> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of decoded(response) as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > maxBytes) break;
  }
  const bytes = Buffer.concat(chunks).subarray(0, maxBytes);
  return { text: decoderOf(response).decode(bytes), truncated: size > maxBytes };
}

/** The value of a body: parsed when its content type is JSON and it parses, else the text. */
export function valueOf(response: Dispatcher.ResponseData, text: string, context: Pick<ActivityContext, 'warn'>): JsonValue {
  if (!isJson(contentType(response))) return text;
  try {
    return exactValue(parseExact(text), context);
  } catch {
    return text;
  }
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

function contentType(response: Dispatcher.ResponseData): MIMEType | undefined {
  try {
    return new MIMEType([response.headers['content-type'] ?? ''].flat().join(','));
  } catch {
    return undefined;
  }
}

function isJson(type: MIMEType | undefined): boolean {
  return type !== undefined && (type.subtype === 'json' || type.subtype.endsWith('+json'));
}

function decoderOf(response: Dispatcher.ResponseData): TextDecoder {
  try {
    return new TextDecoder(contentType(response)?.params.get('charset') ?? 'utf-8');
  } catch {
    return new TextDecoder();
  }
}
