import { PassThrough } from 'node:stream';
import type { FastifyBaseLogger, FastifyReply } from 'fastify';
import type { App, ServerSettings } from './app.js';
import { foreseen } from './errors.js';
import { problemOf, statusOf } from './problem.js';

/** One message, whose data is one line. `id`: where a reader goes on who comes back; without one, where it was. */
export interface Message {
  readonly id?: string;
  readonly event: string;
  readonly data: string;
}

/** Messages as they come, until the signal is aborted or nothing is left to tell. */
export type Messages = (signal: AbortSignal) => AsyncIterable<string>;

/** How long a browser waits before it comes back. */
const RETRY_MS = 1_000;
/** A stream ends after that long, so that who reads is asked anew who they are; they go on where they were. */
const LONGEST_MS = 3_600_000;
const HEADERS = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store', 'x-accel-buffering': 'no' };

/** A message as it is sent. */
export function eventText({ id, event, data }: Message): string {
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${data}\n\n`;
}

/**
 * The open event streams of a server. Nothing is taken from a source before the reader has read what came before, so a
 * slow one costs no memory; one that does not read for long is cut off. All end when the server closes.
 */
export class EventStreams {
  readonly #open = new Set<AbortController>();

  constructor(
    readonly app: App,
    readonly settings: Pick<ServerSettings, 'heartbeatMs' | 'slowReaderMs'>,
  ) {
    app.addHook('preClose', async () => {
      for (const stream of this.#open) stream.abort();
    });
  }

  /** Answers with a stream of these messages. */
  send(reply: FastifyReply, messages: Messages): FastifyReply {
    const out = new PassThrough();
    const over = new AbortController();
    this.#open.add(over);
    this.app.metrics.openStreams.inc();
    const limit = setTimeout(() => over.abort(), LONGEST_MS);
    out.once('close', () => {
      clearTimeout(limit);
      over.abort();
      this.#open.delete(over);
      this.app.metrics.openStreams.dec();
    });
    void this.#fill(out, messages(over.signal), over.signal, reply);
    return reply.headers(HEADERS).send(out);
  }

  async #fill(out: PassThrough, messages: AsyncIterable<string>, signal: AbortSignal, { request }: FastifyReply): Promise<void> {
    const beat = setInterval(() => {
      if (!out.writableNeedDrain) out.write(':\n\n');
    }, this.settings.heartbeatMs);
    try {
      out.write(`retry: ${RETRY_MS}\n\n`);
      for await (const message of messages) {
        if (out.write(message) || (await this.#drained(out))) continue;
        request.log.info('A reader of events is too slow');
        out.destroy();
        return;
      }
    } catch (error) {
      if (!signal.aborted) out.write(errorText(error, request));
    } finally {
      clearInterval(beat);
      out.end();
    }
  }

  /** False when the reader has not read for long, or is gone. */
  async #drained(out: PassThrough): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (isDrained: boolean) => () => {
        clearTimeout(timer);
        out.off('drain', drained).off('close', closed);
        resolve(isDrained);
      };
      const drained = settle(true);
      const closed = settle(false);
      const timer = setTimeout(closed, this.settings.slowReaderMs);
      out.once('drain', drained).once('close', closed);
    });
  }
}

/** What went wrong after the stream had begun. */
function errorText(thrown: unknown, { id, log }: { id: string; log: FastifyBaseLogger }): string {
  const error = foreseen(thrown);
  if (statusOf(error) === 500) log.error({ err: thrown }, 'An event stream failed');
  return eventText({ event: 'error', data: JSON.stringify(problemOf(error, id)) });
}
