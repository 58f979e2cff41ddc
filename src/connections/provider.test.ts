import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { headersOf, permissionsOf, providerSchema, scopesFor } from './provider.js';
import { loadProviders } from './providers.js';

const acme = providerSchema.parse({
  id: 'acme',
  title: 'Acme',
  kind: 'oauth2',
  base_scopes: ['offline_access'],
  permissions: { read: 'https://acme.example.com/Read' },
  implied_scopes: { all: ['part'] },
  headers: { Authorization: 'Basic {basic}', 'X-Key': 'k={KEY}', 'X-Version': '2' },
});

describe('a provider', () => {
  it('is asked for the scopes behind permissions, and for those that have none', () => {
    expect(scopesFor(acme, ['read', 'write', 'read', 'constructor'])).toEqual(['offline_access', 'https://acme.example.com/Read', 'write', 'constructor']);
  });

  it('grants permissions under every name, in any case, with what they imply', () => {
    expect(permissionsOf(acme, ['https://acme.example.com/read', 'all'], ['read', 'part', 'write'])).toEqual({
      has: ['read', 'part', 'https://acme.example.com/read', 'all'],
      lacks: ['write'],
    });
    expect(permissionsOf(acme, [], ['toString'])).toEqual({ has: [], lacks: ['toString'] });
  });

  it('authorizes with the values that there are, once', () => {
    expect(headersOf(acme, { USERNAME: 'u', PASSWORD: '{KEY}', KEY: '{basic}' })).toEqual({ Authorization: 'Basic dTp7S0VZfQ==', 'X-Key': 'k={basic}', 'X-Version': '2' });
    expect(headersOf(acme, { USERNAME: 'u' })).toEqual({ 'X-Version': '2' });
  });
});

describe('providers', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'distri-providers-'));
  });
  afterEach(() => rm(folder, { recursive: true }));
  const write = (name: string, value: unknown) => writeFile(join(folder, name), typeof value === 'string' ? value : JSON.stringify(value));

  it('of a folder replace ours of the same id', async () => {
    await write('mine.json', { id: 'slack', title: 'My Slack', kind: 'custom' });
    const providers = await loadProviders({}, folder);
    expect(providers.get('slack')).toMatchObject({ title: 'My Slack', kind: 'custom' });
    expect(providers.ofSkill('google:drive')?.id).toBe('google');
    expect(providers.ofSkill('acme:crm')).toBeUndefined();
    expect(() => providers.get('__proto__')).toThrow(expect.objectContaining({ code: 'PROVIDER_NOT_FOUND' }) as Error);
  });

  it('get clients, endpoints and hosts from the environment', async () => {
    const providers = await loadProviders({ DISTRI_PROVIDER_OAUTH2_CLIENT_ID: 'id', DISTRI_PROVIDER_OAUTH2_ISSUER: 'https://id.example.com', DISTRI_PROVIDER_OAUTH2_HOSTS: 'a.example.com, *.b.example.com' });
    const provider = providers.get('oauth2');
    expect(provider).toMatchObject({ issuer: 'https://id.example.com', hosts: ['a.example.com', '*.b.example.com'] });
    expect(providers.client(provider)).toEqual({ id: 'id', secret: undefined });
    expect(providers.client(providers.get('google'))).toBeUndefined();
  });

  it.each([
    ['no JSON', '{', 'bad.json cannot be read'],
    ['a field that is none', { id: 'x', title: 'X', kind: 'oauth2', token_url: 'https://x.example.com' }, 'token_url'],
    ['an endpoint that is not https', { id: 'x', title: 'X', kind: 'oauth2', token_endpoint: 'http://x.example.com' }, 'token_endpoint'],
    ['a host that is an address', { id: 'x', title: 'X', kind: 'bearer', hosts: ['https://x.example.com/'] }, 'hosts'],
    ['a header that is none', { id: 'x', title: 'X', kind: 'bearer', headers: { 'a b': 'c' } }, 'headers'],
  ])('with %s are refused, naming the file', async (_what, file, said) => {
    await write('bad.json', file);
    await expect(loadProviders({}, folder)).rejects.toMatchObject({ code: 'USAGE', message: expect.stringMatching(new RegExp(`bad\\.json.*${said}|${said}`)) as string });
  });

  it('refuse endpoints of the environment that are not https', async () => {
    await expect(loadProviders({ DISTRI_PROVIDER_OAUTH2_TOKEN_ENDPOINT: 'http://x.example.com' })).rejects.toMatchObject({ message: expect.stringContaining('DISTRI_PROVIDER_OAUTH2_') as string });
  });
});
