import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OAuthClient } from './oauth.js';
import { providerSchema, type Provider } from './provider.js';
import { Providers } from './providers.js';

/** What the token endpoint was sent, and answers. */
let sent: { type: string; authorization: string | undefined; body: string };
let reply: { status: number; body: string };
let server: Server;
let origin: string;

beforeEach(async () => {
  reply = { status: 200, body: '{}' };
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (piece) => (body += String(piece)));
    request.on('end', () => {
      sent = { type: request.headers['content-type'] ?? '', authorization: request.headers.authorization, body };
      response.writeHead(reply.status, { 'content-type': 'application/json' }).end(reply.body);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.close();
});

function clientOf(more: object): { client: OAuthClient; provider: Provider } {
  const provider = providerSchema.parse({ id: 'odd', title: 'Odd', kind: 'oauth2', authorization_endpoint: `${origin}/a`, token_endpoint: `${origin}/t`, ...more });
  const providers = new Providers(new Map([['odd', provider]]), { DISTRI_PROVIDER_ODD_CLIENT_ID: 'me', DISTRI_PROVIDER_ODD_CLIENT_SECRET: 'shh' });
  return { client: new OAuthClient(providers), provider };
}

async function exchanged(more: object, body: object, status = 200) {
  reply = { status, body: JSON.stringify(body) };
  const { client, provider } = clientOf(more);
  return client.exchange(provider, new URL(`${origin}/back?code=c&state=s&iss=https%3A%2F%2Fodd.example.com`), { state: 's', verifier: 'v'.repeat(43) });
}

describe('a provider that leaves the standard', () => {
  it('may name its bearer tokens as it likes, and list scopes with commas', async () => {
    const answer = { ok: true, access_token: 'xoxb', token_type: 'bot', scope: 'chat:write,users:read' };
    expect(await exchanged({}, answer)).toEqual({ accessToken: 'xoxb', refreshToken: undefined, expiresAt: undefined, scopes: ['chat:write', 'users:read'], account: undefined });
    expect(sent).toMatchObject({ type: expect.stringContaining('x-www-form-urlencoded') as string, authorization: undefined });
    expect(new URLSearchParams(sent.body).get('client_secret')).toBe('shh');
  });

  it('may want JSON and HTTP Basic', async () => {
    expect(await exchanged({ token_request: 'json', client_auth: 'basic' }, { access_token: 'secret_x' })).toMatchObject({ accessToken: 'secret_x', scopes: undefined });
    expect(sent.authorization).toMatch(/^Basic /);
    expect(JSON.parse(sent.body)).toMatchObject({ grant_type: 'authorization_code', code: 'c', code_verifier: 'v'.repeat(43) });
  });

  it('may answer its errors with 200', async () => {
    await expect(exchanged({}, { ok: false, error: 'bad_verification_code', error_description: 'It is old.' })).rejects.toMatchObject({
      code: 'PROVIDER_FAILED',
      message: 'Odd did not answer as it should: It is old. (bad_verification_code)',
    });
  });

  it('may answer anything', async () => {
    for (const status of [200, 204, 302, 401, 500]) {
      reply = { status, body: status === 204 ? '' : '<html>' };
      const { client, provider } = clientOf({});
      await expect(client.refresh(provider, 'r')).rejects.toMatchObject({ code: 'PROVIDER_FAILED' });
    }
  });
});

describe('a refresh', () => {
  it('that is refused is told from one that failed', async () => {
    const { client, provider } = clientOf({});
    reply = { status: 400, body: '{"error":"invalid_grant"}' };
    await expect(client.refresh(provider, 'r')).rejects.toMatchObject({ name: 'RefreshRefusedError' });
    reply = { status: 401, body: '{"error":"invalid_client"}' };
    await expect(client.refresh(provider, 'r')).rejects.toMatchObject({ code: 'PROVIDER_FAILED' });
  });
});
