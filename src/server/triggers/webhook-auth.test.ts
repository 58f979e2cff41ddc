import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { WebhookCall } from './webhook.js';
import { deliveryId, isProven } from './webhook-auth.js';
import { DELIVERY_ID, schemeProblem } from './webhook-schemes.js';

const SECRET = 'It is a secret to everybody';
const BODY = '{"id":"evt_1","large":[12345678901234567890]}';
const NOW = 1_790_000_000_000;
const call = (headers: Record<string, string>, body = BODY): WebhookCall => ({ method: 'POST', path: 'a', query: '', headers, body: Buffer.from(body) });
const mac = (text: string, encoding: 'hex' | 'base64', key: string | Buffer = SECRET): string => createHmac('sha256', key).update(text).digest(encoding);
const takes = (header: string, headers: Record<string, string>, secret = SECRET, body = BODY): boolean =>
  isProven({ type: 'hmac_header', header, connection_id: 'c' }, secret, call(headers, body), NOW);
const ago = (seconds: number): string => `${NOW / 1_000 - seconds}`;

describe('a signature of the body', () => {
  it('is taken in hexadecimal and in base64, and no other', () => {
    for (const value of [mac(BODY, 'hex'), `sha256=${mac(BODY, 'hex')}`, mac(BODY, 'base64')]) {
      expect(takes('X-Shopify-Hmac-Sha256', { 'x-shopify-hmac-sha256': value })).toBe(true);
      expect(takes('X-Shopify-Hmac-Sha256', { 'x-shopify-hmac-sha256': value }, SECRET, `${BODY} `)).toBe(false);
    }
    expect(takes('X-A', { 'x-a': mac(BODY, 'base64').toLowerCase() })).toBe(false);
    expect(takes('X-A', { 'x-a': '' })).toBe(false);
  });
});

describe('a signature with its time', () => {
  const stripe = (seconds: number): string => `t=${ago(seconds)},v1=${mac(`${ago(seconds)}.${BODY}`, 'hex')}`;
  const standard = (prefix: string, seconds: number, key: string | Buffer): Record<string, string> => ({
    [`${prefix}-id`]: 'msg_1',
    [`${prefix}-timestamp`]: ago(seconds),
    [`${prefix}-signature`]: `v1,AAAA v1,${mac(`msg_1.${ago(seconds)}.${BODY}`, 'base64', key)}`,
  });

  it('is taken from Stripe for five minutes', () => {
    const of = (value: string, body = BODY): boolean => takes('Stripe-Signature', { 'stripe-signature': value }, SECRET, body);
    expect([of(stripe(0)), of(stripe(299)), of(`${stripe(0)},v1=00,v0=11`)]).toEqual([true, true, true]);
    expect([of(stripe(301)), of(stripe(-301)), of(stripe(0), '{}'), of(mac(BODY, 'hex')), of(`${stripe(0)},t=${ago(1)}`)]).toEqual([false, false, false, false, false]);
  });

  it('is taken from Standard Webhooks for five minutes', () => {
    const key = Buffer.from('0123456789abcdef01234567');
    for (const prefix of ['webhook', 'svix']) {
      const of = (headers: Record<string, string>, secret: string, body = BODY): boolean => takes(`${prefix}-signature`, headers, secret, body);
      expect(of(standard(prefix, 10, key), `whsec_${key.toString('base64')}`)).toBe(true);
      expect(of(standard(prefix, 10, SECRET), SECRET)).toBe(true);
      expect(of(standard(prefix, 301, SECRET), SECRET)).toBe(false);
      expect(of(standard(prefix, 10, SECRET), SECRET, '{}')).toBe(false);
      expect(of({ ...standard(prefix, 10, SECRET), [`${prefix}-id`]: 'msg_2' }, SECRET)).toBe(false);
      expect(of(standard(prefix, 10, Buffer.alloc(0)), '!!!')).toBe(false);
    }
  });
});

it('takes a token in a header', () => {
  const of = (token: string): boolean => isProven({ type: 'token_header', header: 'X-Gitlab-Token', connection_id: 'c' }, SECRET, call({ 'x-gitlab-token': token }), NOW);
  expect([of(SECRET), of(''), of(`${SECRET} `)]).toEqual([true, false, false]);
});

it('knows headers whose scheme is another', () => {
  for (const header of ['X-Hub-Signature', 'X-Twilio-Signature', 'X-Gitlab-Token']) expect(schemeProblem({ type: 'hmac_header', header })).toContain(header);
  for (const header of ['Stripe-Signature', 'X-Hub-Signature-256']) expect(schemeProblem({ type: 'token_header', header })).toContain(header);
  for (const header of ['X-Hub-Signature-256', 'X-Shopify-Hmac-Sha256', 'Stripe-Signature', 'X-Mine']) expect(schemeProblem({ type: 'hmac_header', header })).toBeUndefined();
});

it('knows a delivery by what the trigger names', () => {
  const auth = { type: 'none' } as const;
  const of = (source: string, headers: Record<string, string>, body = BODY): string | undefined => deliveryId({ auth, delivery_id: source }, call(headers, body));
  const event = { 'x-shopify-event-id': 'e1' };
  expect(of('header:X-Shopify-Event-Id', event)).toBe(of('header:X-Shopify-Event-Id', event, '{}'));
  expect(of('header:X-Shopify-Event-Id', event)).not.toBe(of('header:X-Shopify-Event-Id', { 'x-shopify-event-id': 'e2' }));
  expect(of('body:id', {})).toBe(of('body:id', event));
  expect(of('body:large.0', {})).not.toBe(of('body:large.0', {}, BODY.replace('890]', '891]')));
  expect(of('body:nothing', {})).toBeUndefined();
  for (const right of ['header:X-A', 'body:a.b.0']) expect(right).toMatch(DELIVERY_ID);
  for (const wrong of ['id', 'header:', 'header:a b', 'body:', 'body:a..b']) expect(wrong).not.toMatch(DELIVERY_ID);
});
