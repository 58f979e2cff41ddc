import type { Connection } from '../../activities/connection.js';
import { isSafeEndpoint } from '../../definition/loopback.js';
import type { ActivityContext, Mask } from '../activity.js';
import { StepFailure } from '../failure.js';
import type { ConfigOf } from '../schemas.js';
import { bodyOf } from './body.js';
import { isHeaderName, isHeaderValue } from './headers.js';
import { hostMatches, namesPort, portOf } from './hosts.js';
import { addQuery } from './query.js';

const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH'] as const;
export type Method = (typeof METHODS)[number];

/** One HTTP request, ready to be sent. */
export interface Outgoing {
  readonly method: Method;
  readonly url: URL;
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string | Buffer | undefined;
  /** Names of headers that no other host may see. */
  readonly credentials: ReadonlySet<string>;
  /** The connection that a 401 or 403 speaks of; undefined when the step has none, or another host answers. */
  readonly connection: Connection | undefined;
  readonly mask: Mask;
}

const CREDENTIAL = /^(authorization|cookie|proxy-authorization)$|api-?key|token|secret|password|signature|(^|-)auth(-|$)/;

/** The request that a step describes, with its connections' headers. Throws {@link StepFailure} when it cannot be sent. */
export async function prepare(config: ConfigOf<'api_call'>, context: ActivityContext): Promise<Outgoing> {
  const { mask } = context;
  const method = methodOf(config.method, mask);
  const url = parseUrl(config.url, mask);
  addQuery(url, config.query);
  const headers = new Map([
    ['accept', '*/*'],
    ['accept-encoding', 'gzip, deflate, br'],
    ['user-agent', 'distri-workflow'],
  ]);
  if (method !== 'GET') headers.set('idempotency-key', context.idempotencyKey);
  if (url.username !== '' || url.password !== '') headers.set('authorization', basicAuth(url));
  const added = connectionHeaders(context.connections, url);
  for (const [name, { value }] of added) headers.set(name, value);
  for (const [name, value] of Object.entries(config.headers ?? {})) setHeader(headers, name, value, mask);

  const body = await bodyOf(config, headers.get('content-type'));
  if (body !== undefined && (body.mustHave === true || !headers.has('content-type'))) headers.set('content-type', body.type);

  const secrets = context.connections.flatMap(({ secrets }) => Object.values(secrets)).filter((secret) => secret !== '');
  const credentials = new Set(
    [...headers].filter(([name, value]) => isCredential(name, value, secrets) || added.has(name)).map(([name]) => name),
  );
  url.username = url.password = url.hash = '';
  const sent = [url.href, body?.content.toString() ?? '', ...headers.values()];
  return { method, url, headers, body: body?.content, credentials, connection: usedConnection(context.connections, added, sent), mask };
}

/** An http or https URL, else a {@link StepFailure} `BAD_URL`. */
export function parseUrl(text: string, mask: Mask, base?: URL): URL {
  if (!URL.canParse(text, base?.href)) {
    throw new StepFailure('BAD_URL', `'${shown(text, mask)}' is not a URL: expected https://host/path; a reference in it may have no value`);
  }
  const url = new URL(text, base);
  if (url.protocol === 'http:' || url.protocol === 'https:') return url;
  throw new StepFailure('BAD_URL', `The URL '${shown(text, mask)}' has the scheme '${url.protocol}': only http and https can be called`);
}

/** A text of any length as a message repeats it. */
function shown(text: string, mask: Mask): string {
  return mask.start(text, 200);
}

function methodOf(text: string, mask: Mask): Method {
  const method = METHODS.find((known) => known === text.toUpperCase());
  if (method !== undefined) return method;
  throw new StepFailure('UNKNOWN_METHOD', `The HTTP method '${shown(text, mask)}' is not supported: use ${METHODS.join(', ')}`);
}

function setHeader(headers: Map<string, string>, name: string, value: string, mask: Mask): void {
  if (!isHeaderName(name)) throw new StepFailure('BAD_HEADER', `'${shown(name, mask)}' cannot be the name of an HTTP header`);
  if (!isHeaderValue(value)) {
    throw new StepFailure(
      'BAD_HEADER',
      `The value of the header '${name}' holds a line break, a control character or a character above U+00FF: ` +
        'HTTP headers are Latin-1 text on one line; encode the value, or send it in the body',
    );
  }
  headers.set(name.toLowerCase(), value);
}

function basicAuth(url: URL): string {
  try {
    const text = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    return `Basic ${Buffer.from(text).toString('base64')}`;
  } catch {
    throw new StepFailure('BAD_URL', `The user name or password before ${url.host} in the URL has a '%' that is no escape: write it as %25`);
  }
}

type Added = Map<string, { value: string; connection: Connection }>;

function connectionHeaders(connections: readonly Connection[], url: URL): Added {
  const added: Added = new Map();
  for (const connection of connections) {
    const patterns = connection.hosts.filter((pattern) => hostMatches(pattern, url));
    const headers = Object.entries(connection.headers);
    if (patterns.length === 0 || headers.length === 0) continue;
    if (!isSafeEndpoint(url.href) && !patterns.some(namesPort)) throw inClear(connection, url);
    for (const [name, value] of headers) added.set(name.toLowerCase(), { value, connection });
  }
  return added;
}

function inClear({ skill }: Connection, url: URL): StepFailure {
  return new StepFailure(
    'HTTP_REFUSED',
    `The headers of the connection ${skill} are not sent over http to ${url.hostname}, where others could read them: call it by https. ` +
      `Where the network is yours, add the host ${url.hostname}:${portOf(url)} to the connection`,
  );
}

function isCredential(name: string, value: string, secrets: string[]): boolean {
  return CREDENTIAL.test(name) || secrets.some((secret) => value.includes(secret));
}

function usedConnection(connections: readonly Connection[], added: Added, sent: string[]): Connection | undefined {
  const [byHost] = added.values();
  const bySecret = connections.find(({ secrets }) =>
    Object.values(secrets).some((secret) => secret !== '' && sent.some((text) => text.includes(secret))),
  );
  return byHost?.connection ?? bySecret ?? connections[0];
}
