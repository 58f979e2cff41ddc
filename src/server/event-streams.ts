import { PassThrough } from 'node:stream';
import type { FastifyBaseLogger, FastifyReply } from 'fastify';
import { DistriError } from '../definition/errors.js';
import type { App, ServerSettings } from './app.js';
import { identityOf } from './authentication.js';
import { tellable } from './errors.js';
import type { Identity } from './identity.js';
import { problemOf, statusOf } from './problem.js';

/** One message, whose data is one line. `id`: where a reader goes on who comes back; without one, where it was. */
export interface Message {
  readonly id?: string;
  readonly event: string;
  readonly data: string;
}

/** Messages as they come, until the signal is aborted or nothing is left to tell. */
export type Messages = (signal: AbortSignal) => AsyncIterable<string>;

/** Throws when whoever reads may do so no more. */
export type StillMay = (identity: Identity) => Promise<void>;

/** Open streams of one user, in one process. */
const MOST_OF_USER = 200;
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
  readonly #users = new Map<string, number>();

  constructor(
    readonly app: App,
    readonly settings: Pick<ServerSettings, 'heartbeatMs' | 'slowReaderMs' | 'recheckMs'>,
  ) {
    app.addHook('preClose', async () => {
      for (const stream of this.#open) stream.abort();
    });
  }

  /**
   * Answers with a stream of these messages. It ends with an `error` soon after its reader's token is good no more, or `stillMay` throws.
   * @throws DistriError `RATE_LIMITED` for a user who reads too many
   */
  send(reply: FastifyReply, messages: Messages, stillMay: StillMay): FastifyReply {
    const { user } = identityOf(reply.request);
    const count = this.#users.get(user) ?? 0;
    if (count >= MOST_OF_USER) throw new DistriError('RATE_LIMITED', `One user may read ${MOST_OF_USER} event streams at once`, { hint: 'End streams that nobody reads; the stream of a workflow has the events of all its runs.' });
    this.#users.set(user, count + 1);
    const out = new PassThrough();
    const over = new AbortController();
    this.#open.add(over);
    const recheck = setInterval(() => {
      this.#recheck(reply, stillMay).catch((error: unknown) => {
        // What cannot be looked up now can be at the next look.
        if (over.signal.aborted || statusOf(tellable(error, reply.request)) >= 500) return;
        out.write(errorText(error, reply.request));
        over.abort();
      });
    }, this.settings.recheckMs);
    this.app.metrics.openStreams.inc();
    const limit = setTimeout(() => over.abort(), LONGEST_MS);
    out.once('close', () => {
      clearTimeout(limit);
      clearInterval(recheck);
      over.abort();
      const left = (this.#users.get(user) ?? 1) - 1;
      if (left > 0) this.#users.set(user, left);
      else this.#users.delete(user);
      this.#open.delete(over);
      this.app.metrics.openStreams.dec();
    });
    void this.#fill(out, messages(over.signal), over.signal, reply);
    return reply.headers(HEADERS).send(out);
  }

  /** The token may be revoked meanwhile, and whom it names may see less. */
  async #recheck({ request }: FastifyReply, stillMay: StillMay): Promise<void> {
    const identity = await this.app.identify(request);
    const { access } = request.routeOptions.config;
    if (identity === undefined || identity.user !== identityOf(request).user) throw new DistriError('UNAUTHENTICATED', 'The token is no longer good');
    if (access !== undefined && access !== 'public' && !identity.scopes.has(access)) throw new DistriError('FORBIDDEN', `This needs the scope ${access}`);
    await stillMay(identity);
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
function errorText(thrown: unknown, request: { id: string; log: FastifyBaseLogger }): string {
  return eventText({ event: 'error', data: JSON.stringify(problemOf(tellable(thrown, request), request.id)) });
}
