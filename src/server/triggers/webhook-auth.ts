import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { parseExact } from '../../definition/exact-json.js';
import { isObject, own } from '../../definition/json.js';
import { DistriError } from '../../definition/errors.js';
import type { TriggerOf } from '../../definition/types.js';
import type { WebhookCall } from './webhook.js';
import { schemeOf, STANDARD_HEADERS } from './webhook-schemes.js';

type Auth = NonNullable<TriggerOf<'webhook'>['auth']>;
type Proof = Exclude<Auth, { type: 'none' }>;

const SLACK_SIGNATURE = 'x-slack-signature';
const SLACK_TIMESTAMP = 'x-slack-request-timestamp';
/** How far a signed time may be from ours. */
const MOST_SECONDS_OFF = 300;
/** Headers that name a delivery, in the order in which they count. */
const DELIVERY_HEADERS = ['x-github-delivery', 'idempotency-key', 'webhook-id'] as const;

/** Whether a call proves itself by the secret. `now`: milliseconds since the epoch. */
export function isProven(proof: Proof, secret: string, call: WebhookCall, now: number): boolean {
  switch (proof.type) {
    case 'bearer_token': {
      const [, token] = /^bearer +(.+)$/i.exec(call.headers.authorization ?? '') ?? [];
      return token !== undefined && isSame(token, secret);
    }
    case 'token_header': {
      const token = headerOf(call, proof.header.toLowerCase());
      return token !== undefined && isSame(token, secret);
    }
    case 'hmac_header': {
      const given = headerOf(call, proof.header.toLowerCase());
      return given !== undefined && IS_SIGNED[schemeOf(proof.header)](given, secret, call, now, proof.header.toLowerCase());
    }
  }
}

type IsSigned = (given: string, secret: string, call: WebhookCall, now: number, header: string) => boolean;
const IS_SIGNED: Readonly<Record<ReturnType<typeof schemeOf>, IsSigned>> = {
  body: isSigned,
  slack: isSignedBySlack,
  stripe: isSignedByStripe,
  standard: isSignedByStandard,
};

/** Hex or base64 of the HMAC-SHA-256 of the body, alone or behind `sha256=`. */
function isSigned(given: string, secret: string, { body }: WebhookCall): boolean {
  const signature = given.replace(/^sha256=/i, '');
  const expected = createHmac('sha256', secret).update(body).digest();
  const isHex = isSame(signature.toLowerCase(), expected.toString('hex'));
  return isSame(signature, expected.toString('base64')) || isHex;
}

/** `t=<seconds>,v1=<hex>` of `<seconds>.<body>`; while a secret is renewed there are several `v1`. */
function isSignedByStripe(given: string, secret: string, { body }: WebhookCall, now: number): boolean {
  const parts = given.split(',').map((part) => part.trim());
  const times = parts.flatMap((part) => (part.startsWith('t=') ? [part.slice(2)] : []));
  const [time] = times;
  if (time === undefined || times.length > 1 || !isRecent(time, now)) return false;
  const expected = createHmac('sha256', secret).update(`${time}.`).update(body).digest('hex');
  return parts.some((part) => part.startsWith('v1=') && isSame(part.slice(3).toLowerCase(), expected));
}

/** `v1,<base64>` of `<id>.<seconds>.<body>`, several with spaces between. */
function isSignedByStandard(given: string, secret: string, call: WebhookCall, now: number, header: string): boolean {
  const [id, time] = (STANDARD_HEADERS[header] ?? []).map((name) => headerOf(call, name));
  if (id === undefined || id === '' || time === undefined || !isRecent(time, now)) return false;
  const expected = standardKeys(secret).map((key) => createHmac('sha256', key).update(`${id}.${time}.`).update(call.body).digest('base64'));
  return given.split(' ').some((part) => part.startsWith('v1,') && expected.some((each) => isSame(part.slice(3), each)));
}

/** The key is what `whsec_` and base64 stand for; senders that do not follow this take the secret as it is. */
function standardKeys(secret: string): Buffer[] {
  const text = secret.replace(/^whsec_/, '');
  const key = Buffer.from(text, 'base64');
  // Base64 drops what it does not know, so that only a text that comes back the same is one.
  return [...(key.length >= 16 && key.toString('base64').replace(/=+$/, '') === text.replace(/=+$/, '') ? [key] : []), Buffer.from(secret)];
}

function isRecent(seconds: string, now: number): boolean {
  return /^\d{1,12}$/.test(seconds) && Math.abs(now / 1_000 - Number(seconds)) <= MOST_SECONDS_OFF;
}

function isSignedBySlack(given: string, secret: string, call: WebhookCall, now: number): boolean {
  const timestamp = headerOf(call, SLACK_TIMESTAMP) ?? '';
  if (!isRecent(timestamp, now)) return false;
  return isSame(given, `v0=${createHmac('sha256', secret).update(`v0:${timestamp}:`).update(call.body).digest('hex')}`);
}

/**
 * What a delivery is known by when it comes again, as 64 hexadecimal digits; undefined when it cannot be known. It is what
 * the trigger names. Else, where the time is signed, nothing unsigned counts: the event's own id, or the signature.
 */
export function deliveryId({ auth, delivery_id: source }: Pick<TriggerOf<'webhook'>, 'auth' | 'delivery_id'>, call: WebhookCall): string | undefined {
  const name = (source ? namedDelivery(source, call) : undefined) ?? (auth ? usualDelivery(auth, call) : undefined);
  return name === undefined ? undefined : createHash('sha256').update(name).digest('hex');
}

function namedDelivery(source: string, call: WebhookCall): string | undefined {
  const [, place, path = ''] = /^(header|body):(.+)$/.exec(source) ?? [];
  const value = place === 'header' ? headerOf(call, path.toLowerCase()) : valueAt(call.body, path);
  if (typeof value === 'number') return `${source} ${value}`;
  return typeof value === 'string' && value !== '' ? `${source} ${value}` : undefined;
}

/** With the digits of large numbers, which tell two deliveries apart. */
function valueAt(body: Buffer, path: string): unknown {
  try {
    return path.split('.').reduce<unknown>((value, key) => (Array.isArray(value) ? value[Number(key)] : isObject(value) ? own(value, key) : undefined), parseExact(body.toString('utf8')).value);
  } catch {
    return undefined;
  }
}

function usualDelivery(auth: Auth, call: WebhookCall): string | undefined {
  const scheme = auth.type === 'hmac_header' ? schemeOf(auth.header) : 'body';
  if (auth.type !== 'hmac_header' || scheme === 'body') return DELIVERY_HEADERS.map((header) => headerOf(call, header)).find((value) => value !== undefined && value !== '');
  if (scheme === 'slack') return slackDelivery(call);
  const header = auth.header.toLowerCase();
  const [id] = STANDARD_HEADERS[header] ?? [];
  if (id !== undefined) return headerOf(call, id);
  const event = jsonOf(call.body);
  return isObject(event) && typeof event.id === 'string' ? `event ${event.id}` : `signature ${headerOf(call, header)}`;
}

function slackDelivery(call: WebhookCall): string {
  const event = jsonOf(call.body);
  if (isObject(event) && typeof event.event_id === 'string') return `event ${event.event_id}`;
  return `signature ${headerOf(call, SLACK_SIGNATURE)} ${headerOf(call, SLACK_TIMESTAMP)}`;
}

/** What Slack wants to hear back when the address of a webhook is given to it; undefined for any other call. */
export function slackChallenge(auth: Auth, { body }: WebhookCall): string | undefined {
  const event = isSlack(auth) ? jsonOf(body) : undefined;
  return isObject(event) && event.type === 'url_verification' && typeof event.challenge === 'string' ? event.challenge : undefined;
}

/** The refusal of a call; it does not tell what was wrong. */
export function refused(): DistriError {
  return new DistriError('WEBHOOK_REFUSED', 'The delivery does not prove where it comes from', { hint: 'Check the secret on both sides; the log of the server says more.' });
}

function isSlack(auth: Auth): boolean {
  return auth.type === 'hmac_header' && auth.header.toLowerCase() === SLACK_SIGNATURE;
}

function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

function headerOf({ headers }: WebhookCall, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}

/** Takes the same time wherever two texts differ. */
function isSame(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
