import type { Dispatcher } from 'undici';
import type { JsonValue } from '../../definition/json.js';
import { statusNames } from '../../definition/status-names.js';
import type { Activity, ActivityContext } from '../activity.js';
import { StepFailure } from '../failure.js';
import type { ConfigOf } from '../schemas.js';
import { isIdempotent, networkFailure, statusFailure } from './failures.js';
import { createHttp, type Http, type HttpOptions } from './http.js';
import { locationOf, redirected } from './redirect.js';
import { prepare, type Method, type Outgoing } from './request.js';
import { discard, headersOf, messageTextOf, readBytes, valueOf } from './response.js';

const MAX_REDIRECTS = 10;
/** Enough of a failed call's body for its message. */
const ERROR_BODY_BYTES = 16 * 1024;

export interface ApiCallOptions extends HttpOptions {
  /** Largest body of an answer, after decompression. Default 32 MiB. */
  maxBodyBytes?: number | undefined;
}

/** The activity. `close` ends its connections, those of calls under way too; idle ones do not keep a process alive. */
export type ApiCall = Activity<ConfigOf<'api_call'>> & { close(): Promise<void> };

/**
 * Makes the HTTP request of a step and returns `{status, body}` of a 2xx answer. Anything else is a
 * {@link StepFailure}: `HTTP_STATUS`, `CONNECTION_REJECTED` (401 and 403 with a connection), `HTTP_NETWORK`,
 * `HTTP_TOO_LARGE`, `HTTP_REFUSED`, `BAD_URL`, `BAD_HEADER`, `UNKNOWN_METHOD`. Rejects with the signal's reason on abort.
 */
export function createApiCall(options: ApiCallOptions): ApiCall {
  const http = createHttp(options);
  const maxBodyBytes = options.maxBodyBytes ?? 32 * 1024 * 1024;
  const call: Activity<ConfigOf<'api_call'>> = async (config, context) => {
    context.signal.throwIfAborted();
    const first = await prepare(config, context);
    const exchange = new Exchange(http, first, context.signal);
    try {
      return await conclude(first.method, exchange, await exchange.follow(), { config, context, maxBodyBytes });
    } catch (error) {
      context.signal.throwIfAborted();
      if (error instanceof StepFailure) throw error;
      throw networkFailure(error, { method: first.method, request: exchange.request, redirects: exchange.redirects, proxy: http.proxy });
    }
  };
  return Object.assign(call, { close: () => http.close() });
}

/** A request and the redirects that it meets. */
class Exchange {
  redirects = 0;
  private readonly dispatcher: Dispatcher;

  constructor(
    private readonly http: Http,
    public request: Outgoing,
    private readonly signal: AbortSignal,
  ) {
    this.dispatcher = isIdempotent(request.method) ? http.kept : http.fresh;
  }

  /** The first response that is no redirect. */
  async follow(): Promise<Dispatcher.ResponseData> {
    for (;;) {
      const response = await this.send();
      const location = locationOf(response);
      if (location === undefined) return response;
      discard(response);
      if (this.redirects === MAX_REDIRECTS) {
        throw new StepFailure('HTTP_NETWORK', `More than ${MAX_REDIRECTS} redirects, the last one from ${this.request.url.host}`);
      }
      this.request = redirected(this.request, response.statusCode, location);
      this.redirects += 1;
    }
  }

  private async send(): Promise<Dispatcher.ResponseData> {
    const { method, url, headers, body } = this.request;
    this.http.check(url);
    return this.dispatcher.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method,
      headers: Object.fromEntries(headers),
      body: body ?? null,
      signal: this.signal,
    });
  }
}

async function conclude(
  method: Method,
  { request }: Exchange,
  response: Dispatcher.ResponseData,
  { config, context, maxBodyBytes }: { config: ConfigOf<'api_call'>; context: ActivityContext; maxBodyBytes: number },
): Promise<JsonValue> {
  const status = response.statusCode;
  if (!isSuccess(status, config.ok_statuses)) {
    const { bytes } = await readBytes(response, ERROR_BODY_BYTES);
    throw statusFailure(method, request, response, messageTextOf(response, bytes));
  }
  const { bytes, truncated } = await readBytes(response, maxBodyBytes);
  if (truncated) {
    throw new StepFailure(
      'HTTP_TOO_LARGE',
      `The answer of ${request.url.host} is larger than the limit of ${maxBodyBytes} bytes: ask for less, in pages, or raise the limit`,
    );
  }
  const body = valueOf(response, bytes, config.parse ?? 'auto', context);
  const headers = config.response_headers ?? false;
  return headers === false ? { status, body } : { status, body, headers: headersOf(response, headers) };
}

function isSuccess(status: number, ok: readonly (number | string)[] | null | undefined): boolean {
  const named = ok ?? ['2xx'];
  return statusNames(status).some((name) => named.includes(name));
}
