import { AsyncLocalStorage } from 'node:async_hooks';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport, StreamableHTTPError } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { parseArgsStringToArgv } from 'string-argv';
import { patientFetch } from '../kinds/patient-fetch.js';

const CONNECT_MS = 30_000;
/** A stream that ended without the answer may be resumed by the SDK within a second or two. */
const RESUME_MS = 5_000;

/** The server of a call that was running went away, so its answer will not come. */
export class LostError extends Error {}

/** Connects to a server: a command, split into its arguments without a shell, or an http(s) URL. */
export async function openClient(
  target: string,
  env: { readonly [name: string]: string },
  onStderr: (chunk: Buffer) => void,
): Promise<Client> {
  if (/^https?:\/\//i.test(target)) return openHttp(new URL(target));
  const [command = '', ...args] = parseArgsStringToArgv(target);
  const transport = new StdioClientTransport({ command, args, env: { ...env }, stderr: 'pipe' });
  transport.stderr?.on('data', onStderr);
  return connect(transport);
}

async function openHttp(url: URL): Promise<Client> {
  try {
    return await connect(new StreamableHTTPClientTransport(url, { fetch: watchedFetch }));
  } catch (error) {
    if (!(error instanceof StreamableHTTPError) || error.code === undefined || error.code < 400 || error.code > 499) throw error;
  }
  const client = await connect(new SSEClientTransport(url, { fetch: patientFetch }));
  // This older transport answers on one stream; once that breaks, what was asked before is never answered.
  client.onerror = () => void client.close().catch(() => undefined);
  return client;
}

async function connect(transport: Transport): Promise<Client> {
  const client = new Client({ name: 'distri-workflow', version: '1' });
  await client.connect(transport, { timeout: CONNECT_MS });
  return client;
}

/** The streams on which the answer of one call may still come. */
class Streams {
  #open = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly onLost: () => void) {}

  opened(): void {
    this.#open += 1;
    clearTimeout(this.#timer);
  }

  ended(): void {
    this.#open -= 1;
    if (this.#open === 0) this.#timer = setTimeout(this.onLost, RESUME_MS).unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

const streamsOfCall = new AsyncLocalStorage<Streams>();

/** Rejects with {@link LostError} when the streams of the call end without its answer: the SDK would wait for ever. */
export function untilLost<T>(call: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const streams = new Streams(() => reject(new LostError('the connection ended before the answer came')));
    streamsOfCall
      .run(streams, call)
      .finally(() => streams.stop())
      .then(resolve, reject);
  });
}

const watchedFetch = async (url: string | URL, init?: RequestInit): Promise<Response> => {
  const response = await patientFetch(url, init);
  const streams = streamsOfCall.getStore();
  if (!streams || !response.body || !response.headers.get('content-type')?.includes('event-stream')) return response;
  streams.opened();
  const { status, statusText, headers } = response;
  return new Response(watched(response.body, () => streams.ended()), { status, statusText, headers });
};

function watched(body: ReadableStream<Uint8Array>, onEnd: () => void): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
        controller.close();
      } catch (error) {
        controller.error(error);
      }
      onEnd();
    },
    cancel: async (reason) => {
      onEnd();
      await reader.cancel(reason);
    },
  });
}
