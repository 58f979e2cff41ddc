/** How a header signs a delivery; `body`: the HMAC of the body alone. */
type Scheme = 'body' | 'slack' | 'stripe' | 'standard';

/** By the header with the signatures of Standard Webhooks: those with the id and the time, which are signed too. */
export const STANDARD_HEADERS: Readonly<Record<string, readonly [id: string, time: string]>> = {
  'webhook-signature': ['webhook-id', 'webhook-timestamp'],
  'svix-signature': ['svix-id', 'svix-timestamp'],
};
const SCHEMES: ReadonlyMap<string, Scheme> = new Map([
  ['x-slack-signature', 'slack'],
  ['stripe-signature', 'stripe'],
  ['webhook-signature', 'standard'],
  ['svix-signature', 'standard'],
]);
/** Headers with the secret itself. */
const TOKENS: ReadonlySet<string> = new Set(['x-gitlab-token', 'x-telegram-bot-api-secret-token', 'x-goog-channel-token']);
/** Headers with signatures that cannot be checked here, and what they are. */
const UNKNOWN: ReadonlyMap<string, string> = new Map([
  ['x-hub-signature', 'the SHA-1 of the body'],
  ['x-twilio-signature', 'the SHA-1 of the address and the fields'],
  ['x-trello-webhook', 'the SHA-1 of the body and the address'],
  ['x-mandrill-signature', 'the SHA-1 of the address and the fields'],
  ['x-square-hmacsha256-signature', 'of the address and the body'],
  ['x-hubspot-signature', 'a hash of the secret and the body'],
  ['x-hubspot-signature-v3', 'of the method, the address, the body and the time'],
  ['x-zm-signature', 'of the time and the body'],
  ['paddle-signature', 'of the time and the body, as ts=…;h1=…'],
  ['x-signature-ed25519', 'made with a public key'],
  ['paypal-transmission-sig', 'made with a certificate'],
  ['x-twilio-email-event-webhook-signature', 'made with a public key'],
]);

/** What `delivery_id` of a webhook may be. */
export const DELIVERY_ID = /^(header:[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}|body:[^.]+(\.[^.]+)*)$/;

export function schemeOf(header: string): Scheme {
  return SCHEMES.get(header.toLowerCase()) ?? 'body';
}

/** Why no delivery could ever prove itself so; undefined when one can. */
export function schemeProblem({ type, header }: { type: 'hmac_header' | 'token_header'; header: string }): string | undefined {
  const name = header.toLowerCase();
  const unknown = UNKNOWN.get(name);
  if (unknown !== undefined) return `The signature in ${header} is ${unknown}, which cannot be checked: use another header of the service, or a token`;
  if (type === 'hmac_header' && TOKENS.has(name)) return `${header} has the secret itself, not a signature: expected the type token_header`;
  if (type === 'token_header' && (SCHEMES.has(name) || ['x-hub-signature-256', 'x-shopify-hmac-sha256'].includes(name))) return `${header} has a signature, not the secret: expected the type hmac_header`;
  return undefined;
}
