import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { isIP, type AddressInfo } from 'node:net';
import type { DataConverter, Payload, PayloadCodec } from '@temporalio/common';
import { decodeReferencePayload, extstoreInboundOptions, isReferencePayload } from '@temporalio/common/lib/internal-non-workflow/index.js';
import proto from '@temporalio/proto';
import { DistriError } from '../../definition/errors.js';
import { httpUrl } from '../../definition/http-url.js';
import { messageOf } from '../../definition/text.js';

/** Temporal's remote codec protocol over HTTP. */
export interface CodecServerOptions {
  readonly dataConverter: DataConverter;
  readonly port: number;
  readonly host: string;
  /** Origins of Web UIs that may ask. */
  readonly origins: readonly string[];
  /** What callers must bring as a bearer token. */
  readonly token?: string | undefined;
}

const { Payloads } = proto.temporal.api.common.v1;
const MOST_BODY_BYTES = 16 * 1024 * 1024;
/** A browser does not show more; the reference stays in its place. */
const MOST_SHOWN_BYTES = 4 * 1024 * 1024;

class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/**
 * Serves `POST /decode` and `POST /encode`; payloads that are kept outside the history are fetched when they are not
 * too large to be shown. Requests of other web pages are refused, as are those for another host name.
 *
 * @throws DistriError `PORT_IN_USE`
 */
export async function startCodecServer(options: CodecServerOptions): Promise<{ url: string; close: () => Promise<void> }> {
  const server = createServer((request, response) => {
    answer(options, request, response).catch((error: unknown) => {
      const status = error instanceof Refused ? error.status : 500;
      send(response, status, { code: status, message: messageOf(error) });
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(new DistriError('PORT_IN_USE', `The codec server cannot listen: ${cause.message}`, { cause })));
    server.listen(options.port, options.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: httpUrl(options.host, port),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(options: CodecServerOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  checkCaller(options, request, response);
  if (request.method === 'OPTIONS') return send(response, 204, undefined);
  checkToken(options, request);
  const path = new URL(request.url ?? '/', 'http://codec').pathname;
  const work = path.endsWith('/decode') ? decode : path.endsWith('/encode') ? encode : undefined;
  if (work === undefined) throw new Refused(404, 'There are /decode and /encode');
  if (request.method !== 'POST') throw new Refused(405, 'POST is expected');
  const payloads = await readPayloads(request);
  send(response, 200, Payloads.fromObject({ payloads: await work(options.dataConverter, payloads) }).toJSON());
}

/** A page of another site must not read payloads through its visitor's browser, also not by a name that it rebinds. */
function checkCaller({ origins, token }: CodecServerOptions, { headers }: IncomingMessage, response: ServerResponse): void {
  const host = (headers.host ?? '').replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  if (token === undefined && host !== 'localhost' && isIP(host) === 0) throw new Refused(403, `The host name '${host}' is not one of this machine`);
  const { origin } = headers;
  if (origin === undefined) return;
  if (!origins.includes(origin)) throw new Refused(403, `The origin ${origin} may not ask: give it as --ui-origin`);
  response.setHeader('Access-Control-Allow-Origin', origin);
  response.setHeader('Access-Control-Allow-Credentials', 'true');
  response.setHeader('Access-Control-Allow-Methods', 'POST, OPTIONS');
  response.setHeader('Access-Control-Allow-Headers', 'Authorization, Content-Type, X-Namespace');
  response.setHeader('Vary', 'Origin');
}

function checkToken({ token }: CodecServerOptions, { headers }: IncomingMessage): void {
  if (token === undefined) return;
  const given = Buffer.from((headers.authorization ?? '').replace(/^Bearer /i, ''));
  const wanted = Buffer.from(token);
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) throw new Refused(401, 'The bearer token is missing or wrong');
}

async function readPayloads(request: IncomingMessage): Promise<Payload[]> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MOST_BODY_BYTES) throw new Refused(413, `At most ${MOST_BODY_BYTES} bytes are read`);
    chunks.push(chunk);
  }
  try {
    return Payloads.fromObject(JSON.parse(Buffer.concat(chunks).toString('utf8')) as { [key: string]: unknown }).payloads;
  } catch {
    throw new Refused(400, 'The body is not {"payloads": [...]}');
  }
}

async function decode({ payloadCodecs = [], externalStorage }: DataConverter, payloads: Payload[]): Promise<Payload[]> {
  const { transformPayload } = extstoreInboundOptions(externalStorage);
  const shown = await Promise.all(payloads.map(async (payload) => (fits(payload) ? transformPayload(payload, undefined) : payload)));
  return through([...payloadCodecs].reverse(), shown, (codec, batch) => codec.decode(batch));
}

function fits(payload: Payload): boolean {
  return !isReferencePayload(payload) || decodeReferencePayload(payload).sizeBytes <= MOST_SHOWN_BYTES;
}

async function encode({ payloadCodecs = [] }: DataConverter, payloads: Payload[]): Promise<Payload[]> {
  return through(payloadCodecs, payloads, (codec, batch) => codec.encode(batch));
}

async function through(
  codecs: readonly PayloadCodec[],
  payloads: Payload[],
  step: (codec: PayloadCodec, payloads: Payload[]) => Promise<Payload[]>,
): Promise<Payload[]> {
  let result = payloads;
  for (const codec of codecs) result = await step(codec, result);
  return result;
}

function send(response: ServerResponse, status: number, body: object | undefined): void {
  if (body !== undefined) response.setHeader('Content-Type', 'application/json');
  response.writeHead(status).end(body === undefined ? undefined : JSON.stringify(body));
}
