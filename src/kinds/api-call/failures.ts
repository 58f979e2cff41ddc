import type { Dispatcher } from 'undici';
import { messageOf } from '../../definition/text.js';
import type { Mask } from '../activity.js';
import { StepFailure } from '../failure.js';
import { portOf } from './hosts.js';
import { RefusedAddressError } from './http.js';
import { retryAfterSecs, tellsRateLimit } from './rate-limit.js';
import type { Method, Outgoing } from './request.js';

/** Characters of an answer's body that a failure repeats. */
export const MESSAGE_CHARS = 4096;

/** Whether making the call twice is the same as making it once. */
export function isIdempotent(method: Method): boolean {
  return method === 'GET' || method === 'PUT' || method === 'DELETE';
}

/** The failure of an answer that is not 2xx. `method`: the step's own, before redirects. */
export function statusFailure(method: Method, request: Outgoing, response: Dispatcher.ResponseData, body: string): StepFailure {
  const status = response.statusCode;
  const message = `HTTP ${status} — ${request.mask.start(body, MESSAGE_CHARS)}`;
  const limited = status === 429 || (status === 403 && tellsRateLimit(response.headers));
  if ((status === 401 || (status === 403 && !limited)) && request.connection !== undefined) {
    const { skill, revision } = request.connection;
    return new StepFailure('CONNECTION_REJECTED', `The connection ${skill} was rejected: ${message}`, {
      details: { skill, revision, status },
    });
  }
  // A rate limit after a redirect that changed the method does not mean that the step's own request was turned away.
  const turnedAway = limited && request.method === method;
  const retryable = turnedAway || ((limited || status >= 500) && isIdempotent(method));
  const after = retryable ? retryAfterSecs(response.headers, Date.now()) : undefined;
  return new StepFailure('HTTP_STATUS', message, { retryable, status, ...(after === undefined ? {} : { retryAfterSecs: after }) });
}

/** What made a call impossible: the reason in words, and what to do. */
const REASONS: readonly { codes: RegExp; reason: string; hint: string; unsent?: true; lasting?: true }[] = [
  { codes: /^(ENOTFOUND|EAI_\w+|ENODATA)$/, reason: 'the name cannot be resolved', hint: 'check the host in the URL and the DNS of the worker', unsent: true },
  { codes: /^ECONNREFUSED$/, reason: 'the connection was refused', hint: 'check the port, and that the service runs', unsent: true },
  { codes: /^(EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL)$/, reason: 'there is no route to it', hint: 'check the network of the worker', unsent: true },
  { codes: /^UND_ERR_CONNECT_TIMEOUT$/, reason: 'nobody answered the connection in time', hint: 'check the host, the port and firewalls between', unsent: true },
  { codes: /^UND_ERR_HEADERS_TIMEOUT$/, reason: 'no answer came in time', hint: 'the service is too slow; let it answer early and ask for the result in a later step' },
  { codes: /^UND_ERR_BODY_TIMEOUT$/, reason: 'the answer stopped in its middle', hint: 'try again, or look at the service' },
  { codes: /^UND_ERR_HEADERS_OVERFLOW$/, reason: 'the headers of the answer are too large', hint: 'the service must send less', lasting: true },
  { codes: /^(ERR_TLS_CERT_ALTNAME_INVALID|CERT_\w+|DEPTH_ZERO_\w+|SELF_SIGNED_\w+|UNABLE_TO_\w+|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE)$/, reason: 'its TLS certificate is not trusted', hint: 'renew it, or start the worker with NODE_EXTRA_CA_CERTS naming the CA that signed it', unsent: true, lasting: true },
  { codes: /^(EPROTO|ERR_SSL_\w+|ERR_TLS_\w+)$/, reason: 'no TLS connection could be made', hint: 'check that the port speaks https', unsent: true, lasting: true },
  { codes: /^PROXY_REFUSED$/, reason: 'the proxy refused', hint: 'check the address, user name and password of the proxy, and that it allows this host', unsent: true },
  { codes: /^PROXY_TUNNEL$/, reason: 'the proxy hung up instead of opening a tunnel', hint: 'check that the proxy allows CONNECT to this host and port', unsent: true },
  { codes: /^(HPE_\w+|HTTPParserError)$/, reason: 'the answer is not HTTP', hint: 'check that the port speaks HTTP', lasting: true },
  { codes: /^Z_\w+|^ERR_.*BROTLI\w*/, reason: 'the compressed answer is damaged', hint: 'look at the service' },
  { codes: /.*/, reason: 'the connection broke', hint: 'try again, or look at the service' },
];

/** Where a call was when it failed. `method`: the step's own; `request`: the one after so many redirects. */
export interface Attempt {
  method: Method;
  request: Outgoing;
  redirects: number;
  proxy: string | undefined;
}

/** The failure of a request that could not be made or whose answer broke off. */
export function networkFailure(error: unknown, { method, request, redirects, proxy }: Attempt): StepFailure {
  const place = `${request.url.hostname}:${portOf(request.url)}${proxy === undefined ? '' : ` through the proxy ${proxy}`}`;
  if (error instanceof RefusedAddressError) {
    return new StepFailure('HTTP_REFUSED', `${request.method} ${place} is refused: ${error.address} is ${error.why}`, { cause: error });
  }
  const code = codeOf(error);
  const detail = detailOf(code, error, request.mask);
  if (code === 'UND_ERR_INVALID_ARG' || code === 'UND_ERR_NOT_SUPPORTED' || code === 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH') {
    return new StepFailure('BAD_HEADER', `The request to ${place} cannot be sent (${detail}): change or leave out that header`, { cause: error });
  }
  const known = REASONS.find(({ codes }) => codes.test(code ?? ''));
  const safe = isIdempotent(method) || (known?.unsent === true && redirects === 0);
  return new StepFailure(
    'HTTP_NETWORK',
    `${request.method} ${place} failed: ${known?.reason} (${detail}). What to do: ${known?.hint}`,
    { retryable: safe && known?.lasting !== true, cause: error },
  );
}

function detailOf(code: string | undefined, error: unknown, mask: Mask): string {
  return [code, mask.start(messageOf(error), 500).replace(/\s+/g, ' ').trim()].filter((part) => part !== undefined && part !== '').join(': ');
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  // undici has no code of its own for these two.
  if (/^Proxy (response \(\d+\)|Authentication Required)/.test(error.message)) return 'PROXY_REFUSED';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
