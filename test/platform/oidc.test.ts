import { createServer, type Server } from 'node:http';
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT, type CryptoKey, type JWK } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { OidcAuthenticator } from '../../src/server/auth/oidc.js';
import { SCOPES, USER_SCOPES } from '../../src/server/identity.js';
import { closedPort } from '../support/closed-port.js';
import { openPlatform, type Platform } from './stage.js';

/** An issuer of OpenID Connect, as far as those who check its tokens see it. */
class Issuer {
  readonly #server: Server;
  readonly #keys = new Map<string, CryptoKey>();
  readonly jwks: JWK[] = [];
  url = '';
  asked = { discovery: 0, keys: 0 };

  constructor() {
    this.#server = createServer((request, response) => {
      const isKeys = request.url === '/keys';
      this.asked[isKeys ? 'keys' : 'discovery'] += 1;
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(isKeys ? { keys: this.jwks } : { issuer: this.url, jwks_uri: `${this.url}/keys` }));
    });
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const address = this.#server.address();
    this.url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  }

  async addKey(kid: string, alg = 'RS256'): Promise<void> {
    const { publicKey, privateKey } = await generateKeyPair(alg);
    this.#keys.set(kid, privateKey);
    this.jwks.push({ ...(await exportJWK(publicKey)), kid, alg, use: 'sig' });
  }

  token(claims: object, { kid = 'one', alg = 'RS256', exp = '5m', iss = this.url, aud = 'distri' } = {}): Promise<string> {
    const key = this.#keys.get(kid);
    if (key === undefined) throw new Error(`no key ${kid}`);
    const jwt = new SignJWT({ ...claims }).setProtectedHeader({ alg, kid }).setIssuer(iss).setAudience(aud).setIssuedAt();
    return (exp === '' ? jwt : jwt.setExpirationTime(exp)).sign(key);
  }

  close(): void {
    this.#server.close();
  }
}

let issuer: Issuer;
let platform: Platform;

beforeAll(async () => {
  issuer = new Issuer();
  await issuer.listen();
  await issuer.addKey('one');
  platform = await openPlatform({
    authentication: { mode: 'tokens', oidc: { issuer: issuer.url, audience: 'distri', admin: { claim: 'realm_access.roles', value: 'boss' }, defaultScopes: ['runs:read'] } },
  });
});
afterAll(async () => {
  await platform?.close();
  issuer?.close();
});
beforeEach(() => {
  issuer.asked = { discovery: 0, keys: 0 };
});

const tokensAs = (as: string) => platform.send('GET', '/v1/tokens', { as });

describe('bearer tokens of an identity provider', () => {
  it('say who asks, and by their scopes what they may', async () => {
    for (const claims of [{ scope: 'openid tokens' }, { scp: ['tokens'] }, { distri_scopes: 'tokens' }]) {
      const as = await issuer.token({ sub: 'ann', ...claims });
      expect((await tokensAs(as)).status).toBe(200);
      const made = await platform.send('POST', '/v1/tokens', { as, body: { name: 'mine', scopes: ['tokens'] } });
      // It lasts minutes, and is there to make one that lasts.
      expect(made).toMatchObject({ status: 201, body: { user: 'ann' } });
      expect(made.body).not.toHaveProperty('expires_at');
      expect((await platform.send('GET', '/v1/connections', { as })).status).toBe(403);
    }
  });

  it('without scopes of ours have those of the configuration', async () => {
    expect((await tokensAs(await issuer.token({ sub: 'ann', scope: 'openid profile' }))).body.detail).toBe('This needs the scope tokens');
  });

  it('are an admin’s by the configured claim alone', async () => {
    const claims = { sub: 'root', realm_access: { roles: ['user', 'boss'] } };
    const made = await platform.send('POST', '/v1/tokens', { as: await issuer.token(claims), body: { name: 'n', user: 'bob', scopes: [...SCOPES] } });
    expect(made.status).toBe(201);
    for (const other of [{ scope: 'admin' }, { realm_access: { roles: 'bosses' } }, { realm_access: 'boss' }, { 'realm_access.roles': ['user'] }]) {
      expect((await tokensAs(await issuer.token({ sub: 'eve', ...other }))).status).toBe(403);
    }
  });

  it('whose own claim of ours names none may do nothing', async () => {
    for (const distri_scopes of [[], '', ' ', 'foo', ['foo', 1], 5, null, {}, ['Admin']]) {
      const as = await issuer.token({ sub: 'ann', scope: 'tokens', distri_scopes });
      expect((await tokensAs(as)).status, JSON.stringify(distri_scopes)).toBe(403);
    }
  });

  it('do not name the server itself', async () => {
    expect((await tokensAs(await issuer.token({ sub: 'system', scope: 'tokens' }))).status).toBe(401);
  });

  it('may read metrics by our own claim alone', async () => {
    const status = async (claims: object) => (await platform.send('GET', '/metrics', { as: await issuer.token({ sub: 'prometheus', ...claims }) })).status;
    expect([await status({ scope: 'metrics' }), await status({ distri_scopes: 'metrics' })]).toEqual([403, 200]);
  });

  it('are refused when they are not for us, late, early, unsigned or signed by somebody else', async () => {
    const good = { sub: 'ann', scope: 'tokens' };
    const stranger = new Issuer();
    stranger.url = issuer.url;
    await stranger.addKey('one');
    const [head, , signature] = (await issuer.token(good)).split('.');
    const forged = Buffer.from(JSON.stringify({ ...good, sub: 'root', iss: issuer.url, aud: 'distri', exp: 9_999_999_999 })).toString('base64url');
    const shared = await new SignJWT(good).setProtectedHeader({ alg: 'HS256', kid: 'one' }).setIssuer(issuer.url).setAudience('distri').setExpirationTime('5m').sign(new TextEncoder().encode(JSON.stringify(issuer.jwks[0])));
    const bad: { [why: string]: string } = {
      audience: await issuer.token(good, { aud: 'another' }),
      issuer: await issuer.token(good, { iss: 'https://id.example.com' }),
      expired: await issuer.token(good, { exp: '-1m' }),
      endless: await issuer.token(good, { exp: '' }),
      early: await issuer.token({ ...good, nbf: Math.floor(Date.now() / 1000) + 300 }),
      nameless: await issuer.token({ scope: 'tokens' }),
      'named by nothing': await issuer.token({ ...good, sub: '' }),
      'named with a NUL': await issuer.token({ ...good, sub: 'a\0b' }),
      stranger: await stranger.token(good),
      forged: `${head}.${forged}.${signature}`,
      symmetric: shared,
      unsigned: new UnsecuredJWT(good).setIssuer(issuer.url).setAudience('distri').setExpirationTime('5m').encode(),
    };
    expect((await tokensAs(await issuer.token(good))).status).toBe(200);
    expect((await tokensAs(await issuer.token(good, { exp: '-5s' }))).status).toBe(200);
    for (const [why, as] of Object.entries(bad)) expect([why, (await tokensAs(as)).status]).toEqual([why, 401]);
  });

  it('are checked with keys that are fetched once, and again for a new key', async () => {
    const authenticator = new OidcAuthenticator({ issuer: issuer.url, audience: 'distri' });
    const token = await issuer.token({ sub: 'ann' });
    const identities = await Promise.all(Array.from({ length: 30 }, () => authenticator.identify(token)));
    expect(identities.map((each) => each?.user)).toEqual(Array(30).fill('ann'));
    expect([...(identities[0]?.scopes ?? [])]).toEqual(USER_SCOPES);
    expect(issuer.asked).toEqual({ discovery: 1, keys: 1 });
  });

  it('are neither good nor bad while the provider cannot be asked', async () => {
    const authenticator = new OidcAuthenticator({ issuer: `http://127.0.0.1:${await closedPort()}`, audience: 'distri' });
    const token = await issuer.token({ sub: 'ann' });
    await expect(authenticator.identify(token)).rejects.toMatchObject({ code: 'PROVIDER_FAILED' });
    await expect(authenticator.identify('garbage')).resolves.toBeUndefined();
  });
});
