import * as openid from 'openid-client';
import { DistriError } from '../definition/errors.js';
import { isSafeEndpoint } from '../definition/loopback.js';
import { cut, wellFormed } from '../definition/text.js';
import type { Provider } from './provider.js';
import { variableOf, type Providers } from './providers.js';
import { tokenFetch } from './token-fetch.js';

/** What a provider gives for a consent, or for a refresh token. */
export interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string | undefined;
  readonly expiresAt: Date | undefined;
  /** Undefined: those that were asked for. */
  readonly scopes: readonly string[] | undefined;
  /** The account, as the provider names it. */
  readonly account: string | undefined;
}

/** A consent that is asked for. */
export interface ConsentRequest {
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  readonly state: string;
  /** Of PKCE. */
  readonly verifier: string;
}

const TIMEOUT_SECS = 10;
const DISCOVERY_TTL_MS = 60 * 60 * 1000;
const LONGEST_REASON = 300;

/** The refresh token is good no longer: only a new consent helps. */
export class RefreshRefusedError extends Error {
  override readonly name = 'RefreshRefusedError';
}

/** This server as an OAuth 2 client of the providers: code flow with PKCE and state. */
export class OAuthClient {
  readonly #discovered = new Map<string, { until: number; configuration: Promise<openid.Configuration> }>();

  constructor(readonly providers: Providers) {}

  /** Whether a connection of it can be made as far as this server's set-up goes. */
  isReady(provider: Provider): boolean {
    if (provider.kind !== 'oauth2') return true;
    const hasEndpoints = provider.authorization_endpoint !== undefined && provider.token_endpoint !== undefined;
    return this.providers.client(provider) !== undefined && (hasEndpoints || provider.issuer !== undefined);
  }

  /** Throws `PROVIDER_NOT_FOUND` for a provider that is not set up, `PROVIDER_FAILED` for one that cannot be found out about. */
  async check(provider: Provider): Promise<void> {
    await this.#configuration(provider);
  }

  /** Where the user consents. Throws `PROVIDER_NOT_FOUND` for a provider that is not set up, `PROVIDER_FAILED`. */
  async authorizationUrl(provider: Provider, { redirectUri, scopes, state, verifier }: ConsentRequest): Promise<URL> {
    const configuration = await this.#configuration(provider);
    return openid.buildAuthorizationUrl(configuration, {
      ...provider.authorize_params,
      redirect_uri: redirectUri,
      ...(scopes.length === 0 ? {} : { scope: scopes.join(provider.scope_separator) }),
      state,
      code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    });
  }

  /** What the answer of a consent is good for. Throws `OAUTH_REFUSED` when it was refused, `PROVIDER_FAILED`. */
  async exchange(provider: Provider, answer: URL, { state, verifier }: Pick<ConsentRequest, 'state' | 'verifier'>): Promise<Tokens> {
    const configuration = await this.#configuration(provider);
    // Which provider answers is known by the state; one whose issuer nobody told cannot be held to it.
    if (provider.issuer === undefined) answer.searchParams.delete('iss');
    try {
      return tokensOf(await openid.authorizationCodeGrant(configuration, answer, { expectedState: state, pkceCodeVerifier: verifier }));
    } catch (error) {
      if (error instanceof openid.AuthorizationResponseError) {
        const why = reasonOf(error.error, error.error_description);
        throw new DistriError('OAUTH_REFUSED', `${provider.title} gave no consent: ${why}`, { cause: error, hint: 'Nothing was stored. Connect again and agree to what is asked for.' });
      }
      throw failed(provider, error);
    }
  }

  /** @throws RefreshRefusedError, or DistriError `PROVIDER_FAILED` or `PROVIDER_NOT_FOUND` when it may go well another time */
  async refresh(provider: Provider, refreshToken: string): Promise<Tokens> {
    const configuration = await this.#configuration(provider);
    try {
      return tokensOf(await openid.refreshTokenGrant(configuration, refreshToken));
    } catch (error) {
      if (error instanceof openid.ResponseBodyError && error.error === 'invalid_grant') {
        throw new RefreshRefusedError(`${provider.title} no longer accepts it: ${reasonOf(error.error, error.error_description)}`, { cause: error });
      }
      throw failed(provider, error);
    }
  }

  /** Tells the provider that a token is used no more. Throws as `refresh`. */
  async revoke(provider: Provider, token: string): Promise<void> {
    const configuration = await this.#configuration(provider);
    if (configuration.serverMetadata().revocation_endpoint === undefined) return;
    await openid.tokenRevocation(configuration, token).catch((error: unknown) => {
      throw failed(provider, error);
    });
  }

  async #configuration(provider: Provider): Promise<openid.Configuration> {
    const client = this.providers.client(provider);
    if (client === undefined || provider.kind !== 'oauth2') throw notSetUp(provider);
    const authentication = authenticationOf(provider, client.secret);
    const { issuer, authorization_endpoint, token_endpoint, revocation_endpoint } = provider;
    if (authorization_endpoint !== undefined && token_endpoint !== undefined) {
      const server = {
        issuer: issuer ?? new URL(authorization_endpoint).origin,
        authorization_endpoint,
        token_endpoint,
        ...(revocation_endpoint === undefined ? {} : { revocation_endpoint }),
      };
      return prepared(provider, new openid.Configuration(server, client.id, undefined, authentication));
    }
    if (issuer === undefined) throw notSetUp(provider);
    return this.#discover(provider, issuer, client.id, authentication);
  }

  #discover(provider: Provider, issuer: string, clientId: string, authentication: openid.ClientAuth): Promise<openid.Configuration> {
    const known = this.#discovered.get(provider.id);
    if (known !== undefined && known.until > Date.now()) return known.configuration;
    const options = { timeout: TIMEOUT_SECS, [openid.customFetch]: tokenFetch(provider), ...(issuer.startsWith('http:') ? { execute: [openid.allowInsecureRequests] } : {}) };
    const configuration = openid.discovery(new URL(issuer), clientId, undefined, authentication, options).then(
      (found) => prepared(provider, found),
      (error: unknown) => {
        throw failed(provider, error);
      },
    );
    this.#discovered.set(provider.id, { until: Date.now() + DISCOVERY_TTL_MS, configuration });
    configuration.catch(() => this.#discovered.delete(provider.id));
    return configuration;
  }
}

function authenticationOf({ client_auth }: Provider, secret: string | undefined): openid.ClientAuth {
  if (secret === undefined || secret === '') return openid.None();
  switch (client_auth) {
    case 'post':
      return openid.ClientSecretPost(secret);
    case 'basic':
      return openid.ClientSecretBasic(secret);
    case 'none':
      return openid.None();
  }
}

/** Every endpoint is https, or on this machine. */
function prepared(provider: Provider, configuration: openid.Configuration): openid.Configuration {
  const { authorization_endpoint, token_endpoint, revocation_endpoint } = configuration.serverMetadata();
  for (const url of [authorization_endpoint, token_endpoint, revocation_endpoint]) {
    if (url !== undefined && !isSafeEndpoint(url)) {
      throw new DistriError('PROVIDER_FAILED', `${provider.title} names the endpoint ${url}, which is not https: no secret is sent there`);
    }
    if (url?.startsWith('http:') === true) openid.allowInsecureRequests(configuration);
  }
  configuration.timeout = TIMEOUT_SECS;
  configuration[openid.customFetch] = tokenFetch(provider);
  return configuration;
}

function tokensOf(response: openid.TokenEndpointResponse & openid.TokenEndpointResponseHelpers): Tokens {
  const { access_token, refresh_token, scope, expires_in } = response;
  const { email, preferred_username: userName, sub } = { ...response.claims() };
  const account = [email, userName, sub].find((claim) => typeof claim === 'string');
  return {
    accessToken: access_token,
    refreshToken: refresh_token,
    expiresAt: expires_in === undefined ? undefined : new Date(Date.now() + expires_in * 1000),
    scopes: scope === undefined ? undefined : scope.split(/[\s,]+/).filter((each) => each !== ''),
    account,
  };
}

function notSetUp({ id, title, kind }: Provider): DistriError {
  if (kind !== 'oauth2') {
    return new DistriError('PROVIDER_NOT_FOUND', `The provider ${id} (${title}) has no consent to ask for`, { hint: 'Give its values with PUT /v1/connections/{skill}.' });
  }
  return new DistriError('PROVIDER_NOT_FOUND', `The provider ${id} (${title}) is not set up on this server`, {
    hint: `Register an app with it and set ${variableOf(id, 'CLIENT_ID')} and ${variableOf(id, 'CLIENT_SECRET')}; one without endpoints needs ${variableOf(id, 'ISSUER')} too.`,
  });
}

function failed({ title }: Provider, error: unknown): DistriError {
  if (error instanceof DistriError) return error;
  const { message, cause } = error instanceof Error ? error : new Error(String(error));
  const told = error instanceof openid.ResponseBodyError ? reasonOf(error.error, error.error_description) : message;
  const inner = cause instanceof Error && !told.includes(cause.message) ? ` (${cause.message})` : '';
  return new DistriError('PROVIDER_FAILED', `${title} did not answer as it should: ${cut(wellFormed(told + inner), LONGEST_REASON)}`, { cause: error });
}

/** What a provider says of its refusal: its own words, kept short. */
function reasonOf(code: string, description: string | undefined): string {
  return cut(wellFormed(description === undefined || description === '' ? code : `${description} (${code})`), LONGEST_REASON);
}
