import { describe, expect, it } from 'vitest';
import { serverSettings } from './settings.js';

describe('serverSettings', () => {
  it('are those of one machine without login when nothing is said', () => {
    expect(serverSettings({ DISTRI_PORT: '' })).toMatchObject({
      host: '127.0.0.1',
      port: 4400,
      authentication: { mode: 'local' },
      settings: { auth: 'local', publicUrl: 'http://127.0.0.1:4400', corsOrigins: [], maxBodyBytes: 8_388_608, requestsPerMinute: 6_000, trustProxy: false, retentionDays: undefined },
    });
  });

  it('are read from the environment, flags first', () => {
    const config = serverSettings(
      {
        DISTRI_HOST: '0.0.0.0',
        DISTRI_PORT: '80',
        DISTRI_PUBLIC_URL: 'https://w.example.com/',
        DISTRI_AUTH: 'tokens',
        DISTRI_OIDC_ISSUER: 'https://id.example.com',
        DISTRI_OIDC_AUDIENCE: 'distri',
        DISTRI_OIDC_USER_CLAIM: 'email',
        DISTRI_OIDC_ADMIN: 'groups=a=b',
        DISTRI_OIDC_DEFAULT_SCOPES: 'runs:read, workflows:read',
        DISTRI_CORS_ORIGINS: 'https://a.example.com,http://localhost:5173',
        DISTRI_MAX_BODY_BYTES: '4096',
        DISTRI_REQUESTS_PER_MINUTE: '60',
        DISTRI_RETENTION_DAYS: '90',
        DISTRI_TRUST_PROXY: 'true',
      },
      { port: 8080 },
    );
    expect(config).toMatchObject({
      host: '0.0.0.0',
      port: 8080,
      authentication: {
        mode: 'tokens',
        oidc: { issuer: 'https://id.example.com', audience: 'distri', userClaim: 'email', admin: { claim: 'groups', value: 'a=b' }, defaultScopes: ['runs:read', 'workflows:read'] },
      },
      settings: { auth: 'tokens', publicUrl: 'https://w.example.com', corsOrigins: ['https://a.example.com', 'http://localhost:5173'], maxBodyBytes: 4096, requestsPerMinute: 60, trustProxy: true, retentionDays: 90 },
    });
  });

  it('of an identity provider mean that there is a login', () => {
    const oidc = { DISTRI_OIDC_ISSUER: 'https://id.example.com', DISTRI_OIDC_AUDIENCE: 'distri' };
    expect(serverSettings(oidc).authentication.mode).toBe('tokens');
    expect(() => serverSettings({ ...oidc, DISTRI_AUTH: 'local' })).toThrow(/DISTRI_OIDC_ISSUER, DISTRI_OIDC_AUDIENCE set one up/);
  });

  it.each([
    ['DISTRI_PORT', { DISTRI_PORT: '70000' }],
    ['DISTRI_PORT', { DISTRI_PORT: '-1' }],
    ['DISTRI_AUTH', { DISTRI_AUTH: 'none' }],
    ['DISTRI_PUBLIC_URL', { DISTRI_PUBLIC_URL: 'w.example.com' }],
    ['DISTRI_OIDC_AUDIENCE', { DISTRI_OIDC_ISSUER: 'https://id.example.com' }],
    ['DISTRI_OIDC_ISSUER', { DISTRI_OIDC_ISSUER: 'http://id.example.com', DISTRI_OIDC_AUDIENCE: 'a' }],
    ['DISTRI_OIDC_ADMIN', { DISTRI_OIDC_ISSUER: 'https://i.example.com', DISTRI_OIDC_AUDIENCE: 'a', DISTRI_OIDC_ADMIN: 'admins' }],
    ['DISTRI_OIDC_DEFAULT_SCOPES', { DISTRI_OIDC_ISSUER: 'https://i.example.com', DISTRI_OIDC_AUDIENCE: 'a', DISTRI_OIDC_DEFAULT_SCOPES: 'all' }],
    ['DISTRI_CORS_ORIGINS', { DISTRI_CORS_ORIGINS: '*' }],
    ['DISTRI_MAX_BODY_BYTES', { DISTRI_MAX_BODY_BYTES: '8MB' }],
    ['DISTRI_REQUESTS_PER_MINUTE', { DISTRI_REQUESTS_PER_MINUTE: '0' }],
    ['DISTRI_RETENTION_DAYS', { DISTRI_RETENTION_DAYS: '0' }],
    ['DISTRI_TRUST_PROXY', { DISTRI_TRUST_PROXY: '10.0.0.0/8' }],
  ])('name the variable that cannot be used: %s', (name, environment) => {
    let thrown: unknown;
    try {
      serverSettings(environment);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: 'USAGE' });
    expect(JSON.stringify([thrown, (thrown as Error).message, (thrown as { hint?: string }).hint])).toContain(name);
  });

  it.each(['0.0.0.0', '::', '10.0.0.1', 'host.example.com', '127.evil.example'])('refuse to let %s in without a login', (host) => {
    expect(() => serverSettings({ DISTRI_HOST: host })).toThrow(expect.objectContaining({ code: 'UNSAFE_ADDRESS' }) as Error);
    expect(serverSettings({ DISTRI_HOST: host, DISTRI_AUTH: 'tokens' }).host).toBe(host);
  });

  it.each(['localhost', '127.0.0.1', '127.0.1.1', '::1'])('let %s be without a login', (host) => {
    expect(serverSettings({ DISTRI_HOST: host }).authentication).toEqual({ mode: 'local' });
  });
});
