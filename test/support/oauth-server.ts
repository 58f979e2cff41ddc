import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Provider from 'oidc-provider';
import { findFreePort } from '../../src/cli/find-port.js';

/** What its user does when asked for a consent: grants all, grants all but some scopes, or refuses. */
export type Answer = 'grant' | 'refuse' | { without: readonly string[] };

const SCOPES = ['openid', 'offline_access', 'files.read', 'files.write'];

/**
 * A real OAuth 2 and OpenID Connect server with one user, `ada`, who answers as told without being asked; refresh tokens
 * are good once.
 */
export class OAuthServer {
  answer: Answer = 'grant';
  /** Grants of the token endpoint that went well, by their type. */
  readonly granted: string[] = [];
  /** Requests of the token endpoint wait that long. */
  delayMs = 0;
  /** Requests of the token endpoint that wait just now. */
  waiting = 0;
  /** The token endpoint answers this status and no more. */
  outage: number | undefined;

  #released = Promise.resolve();

  private constructor(
    readonly issuer: string,
    /** A folder with its provider file, `files.json`. */
    readonly folder: string,
    /** What sets it up for a server. */
    readonly environment: { [name: string]: string },
    private readonly stop: () => Promise<void>,
  ) {}

  /** `tokenSecs`: how long access tokens last. */
  static async start({ redirectUris, tokenSecs = 3_600 }: { redirectUris: string[]; tokenSecs?: number }): Promise<OAuthServer> {
    const port = await findFreePort();
    const issuer = `http://localhost:${port}`;
    const provider = new Provider(issuer, {
      clients: [{ client_id: 'distri', client_secret: 'the-secret-of-the-client', redirect_uris: redirectUris, grant_types: ['authorization_code', 'refresh_token'], token_endpoint_auth_method: 'client_secret_post' }],
      scopes: SCOPES,
      pkce: { required: () => true },
      features: { devInteractions: { enabled: false }, revocation: { enabled: true } },
      interactions: { url: () => '/consent' },
      findAccount: (_context: unknown, accountId: string) => ({ accountId, claims: () => ({ sub: accountId }) }),
      issueRefreshToken: async () => true,
      rotateRefreshToken: true,
      ttl: { AccessToken: tokenSecs, RefreshToken: 86_400, Interaction: 600, Session: 600, Grant: 86_400, IdToken: 600 },
      cookies: { keys: ['test'] },
      jwks: undefined,
    });
    const server = createServer((request, response) => {
      if (request.url?.startsWith('/consent') === true) void oauth.decide(provider, request, response);
      else provider.callback()(request, response);
    }).listen(port, '127.0.0.1');
    await once(server, 'listening');
    const folder = await mkdtemp(join(tmpdir(), 'distri-providers-'));
    const file = {
      id: 'files',
      title: 'Files',
      kind: 'oauth2',
      issuer,
      base_scopes: ['openid', 'offline_access'],
      authorize_params: { prompt: 'consent' },
      permissions: { read: 'files.read', write: 'files.write' },
      headers: { Authorization: 'Bearer {access_token}' },
      token_variable: 'FILES_TOKEN',
      hosts: ['127.0.0.1'],
    };
    await writeFile(join(folder, 'files.json'), JSON.stringify(file));
    const environment = { DISTRI_PROVIDER_FILES_CLIENT_ID: 'distri', DISTRI_PROVIDER_FILES_CLIENT_SECRET: 'the-secret-of-the-client' };
    const oauth = new OAuthServer(issuer, folder, environment, async () => {
      server.closeAllConnections();
      server.close();
      await rm(folder, { recursive: true });
    });
    provider.on('grant.success', (context) => oauth.granted.push(context.oidc?.params?.grant_type ?? ''));
    provider.use(async (context, next) => {
      if (context.path === '/token') {
        oauth.waiting += 1;
        if (oauth.delayMs > 0) await sleep(oauth.delayMs);
        await oauth.#released;
        oauth.waiting -= 1;
        if (oauth.outage !== undefined) {
          context.status = oauth.outage;
          context.body = 'out of order';
          return;
        }
      }
      await next();
    });
    return oauth;
  }

  /** Makes requests of the token endpoint wait until the function that it gives is called. */
  hold(): () => void {
    let release = (): void => undefined;
    this.#released = new Promise((resolve) => (release = resolve));
    return release;
  }

  close(): Promise<void> {
    return this.stop();
  }

  private async decide(provider: Provider, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { prompt, params, session } = await provider.interactionDetails(request, response);
    if (prompt.name === 'login') return provider.interactionFinished(request, response, { login: { accountId: 'ada' } });
    const { answer } = this;
    if (answer === 'refuse') {
      return provider.interactionFinished(request, response, { error: 'access_denied', error_description: 'ada would rather not' });
    }
    const refused = answer === 'grant' ? [] : answer.without;
    const grant = new provider.Grant({ accountId: session?.accountId ?? 'ada', clientId: params.client_id });
    for (const scope of (params.scope ?? '').split(' ')) {
      if (refused.includes(scope)) grant.rejectOIDCScope(scope);
      else grant.addOIDCScope(scope);
    }
    return provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } }, { mergeWithLastSubmission: true });
  }
}

/** A cookie as a browser keeps it. */
interface Cookie {
  readonly value: string;
  readonly path: string;
}

/**
 * A browser as far as a consent needs one: it keeps cookies for their host and path, follows redirects, and sends what a browser
 * sends that goes to an address: no token.
 */
export class Browser {
  readonly #cookies = new Map<string, Map<string, Cookie>>();

  /** Follows redirects until an address that `until` stops at, or an answer that is none. */
  async open(address: string, { until }: { until?: (url: string) => boolean } = {}): Promise<{ url: string; status: number; text: string; headers: Headers }> {
    let url = new URL(address);
    for (let hop = 0; hop < 20; hop += 1) {
      if (hop > 0 && until?.(url.href) === true) return { url: url.href, status: 0, text: '', headers: new Headers() };
      const cookie = this.#cookiesFor(url);
      const response = await fetch(url, { redirect: 'manual', headers: { accept: 'text/html', 'sec-fetch-site': 'none', ...(cookie === '' ? {} : { cookie }) } });
      for (const line of response.headers.getSetCookie()) this.#keep(url, line);
      const location = response.headers.get('location');
      if (location === null) return { url: url.href, status: response.status, text: await response.text(), headers: response.headers };
      await response.body?.cancel();
      url = new URL(location, url);
    }
    throw new Error(`Too many redirects, the last one to ${url.href}`);
  }

  /** Opens the address of a consent, and goes on from the page that tells whose connection it makes. */
  async consent(address: string, options: { until?: (url: string) => boolean } = {}): ReturnType<Browser['open']> {
    return this.open(await this.confirm(address), options);
  }

  /** The address behind the page that tells whose connection a consent makes. */
  async confirm(address: string): Promise<string> {
    const { status, text } = await this.open(address);
    const link = /<a href="([^"]+)">Go on to /.exec(text)?.[1];
    if (status !== 200 || link === undefined) throw new Error(`No page that asks whether to go on: ${status} ${text}`);
    return link.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)));
  }

  #cookiesFor({ hostname, pathname }: URL): string {
    const sent = [...(this.#cookies.get(hostname) ?? [])].filter(([, { path }]) => pathname.startsWith(path));
    return sent.map(([name, { value }]) => `${name}=${value}`).join('; ');
  }

  #keep({ hostname }: URL, line: string): void {
    const jar = this.#cookies.get(hostname) ?? new Map<string, Cookie>();
    this.#cookies.set(hostname, jar);
    const [pair = ''] = line.split(';');
    const equals = pair.indexOf('=');
    const name = pair.slice(0, equals);
    if (/max-age=0|expires=thu, 01 jan 1970/i.test(line)) jar.delete(name);
    else jar.set(name, { value: pair.slice(equals + 1), path: /;\s*path=([^;]+)/i.exec(line)?.[1] ?? '/' });
  }
}
