import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { isObject } from '../../definition/json.js';
import { DistriError } from '../../definition/errors.js';
import type { TriggerOf } from '../../definition/types.js';
import type { WebhookCall } from './webhook.js';

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
    case 'hmac_header': {
      const given = headerOf(call, proof.header.toLowerCase());
      return given !== undefined && (isSlack(proof) ? isSignedBySlack(given, secret, call, now) : isSigned(given, secret, call));
    }
  }
}

/** Hex of the HMAC-SHA-256 of the body, alone or behind `sha256=`. */
function isSigned(given: string, secret: string, { body }: WebhookCall): boolean {
  return isSame(given.replace(/^sha256=/i, '').toLowerCase(), createHmac('sha256', secret).update(body).digest('hex'));
}

function isSignedBySlack(given: string, secret: string, call: WebhookCall, now: number): boolean {
  const timestamp = headerOf(call, SLACK_TIMESTAMP) ?? '';
  if (!/^\d{1,12}$/.test(timestamp) || Math.abs(now / 1_000 - Number(timestamp)) > MOST_SECONDS_OFF) return false;
  return isSame(given, `v0=${createHmac('sha256', secret).update(`v0:${timestamp}:`).update(call.body).digest('hex')}`);
}

/**
 * What a delivery is known by when it comes again, as 64 hexadecimal digits; undefined when it cannot be known. Slack
 * signs the time, so that nothing unsigned counts there: the event's own id, else the signature.
 */
export function deliveryId(auth: Auth, call: WebhookCall): string | undefined {
  const name = isSlack(auth) ? slackDelivery(call) : DELIVERY_HEADERS.map((header) => headerOf(call, header)).find((value) => value !== undefined && value !== '');
  return name === undefined ? undefined : createHash('sha256').update(name).digest('hex');
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
