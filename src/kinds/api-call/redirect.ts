import type { Dispatcher } from 'undici';
import { StepFailure } from '../failure.js';
import { portOf } from './hosts.js';
import { parseUrl, type Outgoing } from './request.js';

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** Where a response sends its caller; undefined when it is no redirect. */
export function locationOf(response: Dispatcher.ResponseData): string | undefined {
  const location = response.headers.location;
  return REDIRECTS.has(response.statusCode) && typeof location === 'string' ? location : undefined;
}

/**
 * The request that follows a redirect, as `fetch` makes it: 303, and 301 and 302 of a POST, go on as GET without body.
 * Another host gets no credentials, also when it is named by the connection.
 */
export function redirected(from: Outgoing, status: number, location: string): Outgoing {
  const url = parseLocation(location, from);
  url.username = url.password = url.hash = '';
  const headers = new Map(from.headers);
  const asGet = (status === 303 && from.method !== 'GET') || (status <= 302 && from.method === 'POST');
  if (asGet) for (const name of ['content-type', 'content-length', 'content-encoding', 'idempotency-key']) headers.delete(name);
  const stays = sameHost(from.url, url);
  if (!stays) for (const name of ['host', ...from.credentials]) headers.delete(name);
  return {
    method: asGet ? 'GET' : from.method,
    url,
    headers,
    body: asGet ? undefined : from.body,
    credentials: from.credentials,
    connection: stays ? from.connection : undefined,
    mask: from.mask,
  };
}

function parseLocation(location: string, { url: base, mask }: Outgoing): URL {
  // Node decodes header bytes as Latin-1; servers that do not escape a path mean UTF-8.
  const text = Buffer.from(location, 'latin1').toString('utf8');
  try {
    return parseUrl(text, mask, base);
  } catch (error) {
    if (!(error instanceof StepFailure)) throw error;
    throw new StepFailure('BAD_URL', `${base.host} redirects to a place that cannot be called: ${error.message}`);
  }
}

/** The same host and port; from http to https of one host is a step up, not another host. */
function sameHost(from: URL, to: URL): boolean {
  if (from.hostname !== to.hostname) return false;
  if (from.protocol === to.protocol) return portOf(from) === portOf(to);
  return from.protocol === 'http:' && portOf(from) === 80 && portOf(to) === 443;
}
