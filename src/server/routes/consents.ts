import { randomBytes } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { credentialsOf } from '../../connections/credentials.js';
import { permissionsOf, scopesFor } from '../../connections/provider.js';
import { DistriError } from '../../definition/errors.js';
import type { ConnectionRow } from '../../store/connections.js';
import { CONSENT_MINUTES, type Consent } from '../../store/oauth-states.js';
import { toStorable } from '../../store/storable.js';
import { SHARED_OWNER } from '../../store/tables.js';
import type { Routes, ServerDeps } from '../app.js';
import { identityOf } from '../authentication.js';
import { ownerOf } from '../connections/access.js';
import { permissionSchema, skillSchema } from '../connections/body.js';
import { tellBlockedRuns } from '../connections/changed.js';
import { hasConsentCookie, setConsentCookie } from '../connections/consent-cookie.js';
import { consentPage, type ConsentPage } from '../connections/consent-page.js';
import { userIdSchema } from '../identity.js';
import { errorResponses, statusOf } from '../problem.js';
import { flag } from '../query.js';

const BEGIN = '/v1/connections/begin';
const CALLBACK = '/v1/connections/callback';
const params = z.object({ skill: skillSchema });
const authorizeQuery = z.strictObject({
  permissions: z.string().max(5_000).default('').describe('What the connection must be allowed, with commas or blanks between them'),
  return_to: z.string().max(2_000).optional().describe('Where the browser goes afterwards: an address of this server'),
  provider: z.string().max(50).optional().describe('Default: the one that the namespace of the skill names'),
  owner: userIdSchema.optional().describe('For admins: whose connection it will be'),
  shared: flag.optional().describe('For the runs of everybody; only for admins. Default: true on a server without login.'),
});
const beginQuery = z.strictObject({ ticket: z.string().min(1).max(500).describe('Of the address that `authorize` gave') });
const callbackQuery = z.looseObject({ state: z.string().min(1).max(500).optional() });

/** Connections of OAuth 2: to the provider, where the user consents, and back. */
export const consentRoutes: Routes = (app, deps) => {
  const { store, oauth, settings } = deps;
  const callback = new URL(settings.publicUrl + CALLBACK);

  app.get(
    '/v1/connections/:skill/authorize',
    {
      exposeHeadRoute: false,
      config: { access: 'connections:write', changes: true },
      schema: {
        tags: ['connections'],
        summary: 'Begin a consent to a connection',
        description: `Answers \`{url}\` to those who accept JSON, else 302: an address of this server that is good once and for ${CONSENT_MINUTES} minutes, without a token. The browser that opens it is told whose connection it makes and goes on to the provider, and the consent ends in that browser.`,
        params,
        querystring: authorizeQuery,
        response: { 200: z.object({ url: z.string() }), 302: z.undefined(), ...errorResponses },
      },
    },
    async (request, reply) => {
      const { skill } = request.params;
      const { return_to, provider: providerId, ...which } = request.query;
      const identity = identityOf(request);
      const owner = ownerOf(identity, which, settings);
      const provider = providerId === undefined ? oauth.providers.ofSkill(skill) : oauth.providers.get(providerId);
      if (provider === undefined) throw new DistriError('PROVIDER_NOT_FOUND', `No provider is named like the namespace of '${skill}'`, { hint: 'Say which one: ?provider=. GET /v1/providers lists them.' });
      const permissions = permissionsIn(request.query.permissions);
      // What the connection has already is asked for as well: who connects again for one workflow does not lose what another one needs.
      const before = await store.connections.find(skill, owner);
      const kept = before?.owner === owner && before.provider === provider.id ? before.permissions : [];
      const scopes = scopesFor(provider, [...permissions, ...kept]);
      await oauth.check(provider);
      const ticket = randomText();
      const secrets = { actor: identity.user, verifier: randomText(), browser: randomText(), scopes };
      await store.oauthStates.add(ticket, { owner, skill, provider: provider.id, permissions, returnTo: returnToOf(return_to, settings.publicUrl), secrets });
      const url = `${settings.publicUrl}${BEGIN}?ticket=${ticket}`;
      void reply.header('cache-control', 'no-store');
      return wantsJson(request) ? { url } : reply.redirect(url, 302);
    },
  );

  app.get(
    BEGIN,
    {
      // The log of requests holds their addresses, and this one a ticket.
      logLevel: 'warn',
      exposeHeadRoute: false,
      config: { access: 'public' },
      schema: { tags: ['connections'], summary: 'Send the browser to the provider, to consent to a connection', querystring: beginQuery, response: { 302: z.undefined(), ...errorResponses } },
    },
    async (request, reply) => {
      void reply.header('cache-control', 'no-store');
      let consent: Consent | undefined;
      try {
        consent = await asked(deps, request.query.ticket);
        if (settings.auth !== 'local' && !consent.secrets.confirmed) return await askToConfirm(deps, reply, consent);
        const state = randomText();
        const { scopes, verifier, browser } = consent.secrets;
        const url = await oauth.authorizationUrl(oauth.providers.get(consent.provider), { redirectUri: callback.href, scopes, state, verifier });
        await store.oauthStates.add(state, consent);
        void reply.header('set-cookie', setConsentCookie({ state, url: callback }, browser, CONSENT_MINUTES * 60));
        return reply.redirect(url.href, 302);
      } catch (error) {
        return notConnected(request, reply, error, consent);
      }
    },
  );

  app.get(
    CALLBACK,
    {
      // The log of requests holds their addresses, and this one a code.
      logLevel: 'warn',
      exposeHeadRoute: false,
      config: { access: 'public' },
      schema: { tags: ['connections'], summary: 'Where providers send the browser back to', querystring: callbackQuery, response: { 302: z.undefined(), ...errorResponses } },
    },
    async (request, reply) => {
      const { state } = request.query;
      void reply.header('cache-control', 'no-store');
      if (state !== undefined) void reply.header('set-cookie', setConsentCookie({ state, url: callback }, '', 0));
      let consent: Consent | undefined;
      try {
        consent = await begun(deps, state, request.headers.cookie);
        const row = await connect(deps, consent, new URL(settings.publicUrl + request.url.slice(request.url.indexOf(CALLBACK))), state ?? '');
        tellBlockedRuns(deps, row.skill, request.log);
        return answer(reply, row, consent.returnTo);
      } catch (error) {
        return notConnected(request, reply, error, consent);
      }
    },
  );
};

/** The consent that a browser is sent to the provider for; its address is good once. Throws `OAUTH_STATE_INVALID`. */
async function asked({ store }: ServerDeps, ticket: string): Promise<Consent> {
  const consent = await store.oauthStates.take(ticket);
  if (consent !== undefined) return consent;
  throw new DistriError('OAUTH_STATE_INVALID', `This address was opened before, or made more than ${CONSENT_MINUTES} minutes ago`, { hint: 'Connect again.' });
}

/** Whoever opens the address of a consent may not be who asked for it, and is told whose connection it makes. */
async function askToConfirm({ store, oauth, settings }: ServerDeps, reply: FastifyReply, consent: Consent): Promise<FastifyReply> {
  const { skill, owner, secrets } = consent;
  const { title } = oauth.providers.get(consent.provider);
  const ticket = randomText();
  await store.oauthStates.add(ticket, { ...consent, secrets: { ...secrets, confirmed: true } });
  return page(reply, 200, {
    title: `Connect ${skill}`,
    text: `The account that you choose at ${title} will be used by the runs of ${sayOwner(owner)}. ${secrets.actor} asked for it.`,
    hint: 'Go on only if that is you, or who may use your account. Else close this window.',
    link: { href: `${settings.publicUrl}${BEGIN}?ticket=${ticket}`, text: `Go on to ${title}` },
  });
}

function sayOwner(owner: string): string {
  return owner === SHARED_OWNER ? 'everybody' : owner;
}

/** The consent that a browser comes back from; it is good once. Throws `OAUTH_STATE_INVALID`. */
async function begun({ store }: ServerDeps, state: string | undefined, cookies: string | undefined): Promise<Consent> {
  const consent = state === undefined ? undefined : await store.oauthStates.find(state);
  // The state stands in an address, which strangers may learn: only the browser that began with it uses it up.
  if (state !== undefined && consent !== undefined && !hasConsentCookie(cookies, state, consent.secrets.browser)) {
    throw new DistriError('OAUTH_STATE_INVALID', 'This consent was begun in another browser', { hint: 'Connect again, and stay in one browser. It must accept cookies.' });
  }
  const taken = consent && state !== undefined ? await store.oauthStates.take(state) : undefined;
  if (taken === undefined) {
    throw new DistriError('OAUTH_STATE_INVALID', `Nobody waits for this consent: it was answered before, or more than ${CONSENT_MINUTES} minutes ago`, { hint: 'Connect again.' });
  }
  return taken;
}

/** Nothing is stored unless everything that was asked for is granted. Throws `OAUTH_REFUSED`, `PROVIDER_FAILED`. */
async function connect({ store, oauth }: ServerDeps, consent: Consent, url: URL, state: string): Promise<ConnectionRow> {
  const { owner, skill, permissions, secrets } = consent;
  const provider = oauth.providers.get(consent.provider);
  const tokens = await oauth.exchange(provider, url, { state, verifier: secrets.verifier });
  const { has, lacks } = permissionsOf(provider, tokens.scopes ?? secrets.scopes, permissions);
  if (lacks.length > 0) {
    throw new DistriError('OAUTH_REFUSED', `${provider.title} gave its consent without ${lacks.join(', ')}`, { hint: 'Nothing was stored. Connect again and agree to all that is asked for.' });
  }
  const connection = {
    owner,
    skill,
    provider: provider.id,
    account: tokens.account === undefined ? undefined : toStorable(tokens.account),
    permissions: has,
    env: {},
    hosts: provider.hosts,
    expiresAt: tokens.expiresAt,
    credentials: credentialsOf(provider, tokens),
  };
  return store.connections.put(connection, secrets.actor);
}

function answer(reply: FastifyReply, { skill, account, owner }: ConnectionRow, returnTo: string | undefined): FastifyReply {
  if (returnTo === undefined) {
    const text = `${skill} is connected${account === null ? '' : ` as ${account}`}, for the runs of ${sayOwner(owner)}. Those that waited for it go on.`;
    return page(reply, 200, { title: 'Connected', text });
  }
  const url = new URL(returnTo);
  url.searchParams.set('connected', skill);
  return reply.redirect(url.href, 302);
}

/** Shown to people as a page, else thrown. */
function notConnected(request: FastifyRequest, reply: FastifyReply, error: unknown, consent: Consent | undefined): FastifyReply {
  if (!(error instanceof DistriError) || !wantsPage(request)) throw error;
  return page(reply, statusOf(error), { title: 'Not connected', text: error.message, hint: error.hint, link: consent?.returnTo === undefined ? undefined : { href: consent.returnTo, text: 'Go back' } });
}

function page(reply: FastifyReply, status: number, shown: ConsentPage): FastifyReply {
  return reply.status(status).type('text/html; charset=utf-8').send(consentPage(shown));
}

function permissionsIn(text: string): string[] {
  const permissions = [...new Set(text.split(/[\s,]+/).filter((permission) => permission !== ''))];
  const wrong = permissions.find((permission) => !permissionSchema.safeParse(permission).success);
  if (wrong === undefined) return permissions;
  throw new DistriError('BAD_REQUEST', 'querystring.permissions: a permission is well-formed text of at most 500 characters');
}

/** An address of this server. Throws `BAD_REQUEST` for one of another: whoever made the link could send users anywhere. */
function returnToOf(text: string | undefined, publicUrl: string): string | undefined {
  if (text === undefined) return undefined;
  const base = new URL(`${publicUrl}/`);
  const url = URL.canParse(text, base.href) ? new URL(text, base) : undefined;
  if (url?.origin === base.origin && !text.includes('\0')) return url.href;
  throw new DistriError('BAD_REQUEST', `querystring.return_to: an address of ${base.origin} is expected`);
}

function randomText(): string {
  return randomBytes(32).toString('base64url');
}

function wantsJson({ headers }: FastifyRequest): boolean {
  return /\bapplication\/json\b/.test(headers.accept ?? '') && !wantsPage({ headers });
}

function wantsPage({ headers }: Pick<FastifyRequest, 'headers'>): boolean {
  return /\btext\/html\b/.test(headers.accept ?? '');
}
