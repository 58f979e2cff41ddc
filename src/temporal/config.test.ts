import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadTemporalConfig } from './config.js';

const folder = mkdtempSync(join(tmpdir(), 'distri-config-'));
const nowhere = { HOME: folder };

function profileFile(text: string): string {
  const path = join(mkdtempSync(join(folder, 'profile-')), 'temporal.toml');
  writeFileSync(path, text);
  return path;
}

describe('loadTemporalConfig', () => {
  test('falls back to localhost:7233 and the namespace default, and says that nobody chose them', () => {
    expect(loadTemporalConfig({}, nowhere)).toEqual({
      connectionOptions: { address: 'localhost:7233' },
      address: 'localhost:7233',
      namespace: 'default',
      explicit: false,
      implicitProfile: false,
      explicitNamespace: false,
    });
  });

  test('reads address, namespace and API key from the environment, and an API key turns TLS on', () => {
    const config = loadTemporalConfig({}, {
      ...nowhere,
      TEMPORAL_ADDRESS: 'temporal.example:7000',
      TEMPORAL_NAMESPACE: 'orders',
      TEMPORAL_API_KEY: 'key',
    });
    expect(config).toEqual({
      connectionOptions: { address: 'temporal.example:7000', apiKey: 'key', tls: true },
      address: 'temporal.example:7000',
      namespace: 'orders',
      explicit: true,
      implicitProfile: false,
      explicitNamespace: true,
    });
  });

  test('takes empty variables for unset ones', () => {
    const config = loadTemporalConfig({}, { ...nowhere, TEMPORAL_ADDRESS: '', TEMPORAL_NAMESPACE: '' });
    expect(config).toMatchObject({ address: 'localhost:7233', namespace: 'default', explicit: false });
  });

  test('reads certificates for mTLS from the files that the environment names', () => {
    const crt = join(folder, 'client.pem');
    const key = join(folder, 'client.key');
    writeFileSync(crt, 'certificate');
    writeFileSync(key, 'private key');
    const { connectionOptions } = loadTemporalConfig({}, {
      ...nowhere,
      TEMPORAL_ADDRESS: 'a:1',
      TEMPORAL_TLS_CLIENT_CERT_PATH: crt,
      TEMPORAL_TLS_CLIENT_KEY_PATH: key,
      TEMPORAL_TLS_SERVER_NAME: 'inner.example',
    });
    expect(connectionOptions.tls).toMatchObject({
      serverNameOverride: 'inner.example',
      clientCertPair: { crt: new Uint8Array(Buffer.from('certificate')), key: new Uint8Array(Buffer.from('private key')) },
    });
  });

  test('reads the profile that is asked for, and an address from a profile counts as chosen', () => {
    const file = profileFile('[profile.default]\naddress = "one:1"\n[profile.staging]\naddress = "two:2"\nnamespace = "s"\n');
    const env = { ...nowhere, TEMPORAL_CONFIG_FILE: file };
    expect(loadTemporalConfig({}, env)).toMatchObject({ address: 'one:1', explicit: true });
    expect(loadTemporalConfig({ profile: 'staging' }, env)).toMatchObject({ address: 'two:2', namespace: 's' });
    expect(loadTemporalConfig({}, { ...env, TEMPORAL_PROFILE: 'staging' })).toMatchObject({ address: 'two:2' });
  });

  test('tells a profile that nobody named from one that was chosen', () => {
    const home = mkdtempSync(join(folder, 'home-'));
    const directory = join(home, '.config', 'temporalio');
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, 'temporal.toml'), '[profile.default]\naddress = "one:1"\n');
    const env = { HOME: home, XDG_CONFIG_HOME: join(home, '.config'), TEMPORAL_PROFILE: '' };
    expect(loadTemporalConfig({}, env)).toMatchObject({ address: 'one:1', implicitProfile: true });
    expect(loadTemporalConfig({ profile: 'default' }, env)).toMatchObject({ address: 'one:1', implicitProfile: false });
    expect(loadTemporalConfig({}, { ...env, TEMPORAL_PROFILE: 'default' })).toMatchObject({ address: 'one:1', implicitProfile: false });
    expect(loadTemporalConfig({}, { ...env, TEMPORAL_ADDRESS: 'two:2' })).toMatchObject({ address: 'two:2', implicitProfile: false });
  });

  test('lets options win over the environment, and the environment over the profile', () => {
    const file = profileFile('[profile.default]\naddress = "profile:1"\nnamespace = "profile"\n');
    const env = { ...nowhere, TEMPORAL_CONFIG_FILE: file, TEMPORAL_NAMESPACE: 'environment' };
    expect(loadTemporalConfig({ address: 'option' }, env)).toMatchObject({
      address: 'option:7233',
      namespace: 'environment',
      explicit: true,
    });
  });

  test('puts the default port behind IPv6 literals and leaves given ports alone', () => {
    expect(loadTemporalConfig({ address: '[::1]' }, nowhere).address).toBe('[::1]:7233');
    expect(loadTemporalConfig({ address: '[::1]:9' }, nowhere).address).toBe('[::1]:9');
  });

  test('passes headers on', () => {
    const config = loadTemporalConfig({}, { ...nowhere, TEMPORAL_GRPC_META_TEAM: 'blue' });
    expect(config.connectionOptions.metadata).toEqual({ team: 'blue' });
  });

  test.each([
    ['a profile that does not exist', { profile: 'absent' }, nowhere, /absent/],
    ['an address that is a URL', { address: 'http://temporal.example:7233' }, nowhere, /'http:.*' is no address/],
    ['a file that is not TOML', {}, { ...nowhere, TEMPORAL_CONFIG_FILE: profileFile('= nonsense') }, /TOML/i],
    ['a certificate that is not there', {}, { ...nowhere, TEMPORAL_TLS_SERVER_CA_CERT_PATH: '/nowhere/ca' }, /nowhere/],
  ])('names %s', (_what, options, env, text) => {
    expect(() => loadTemporalConfig(options, env)).toThrow(expect.objectContaining({ code: 'USAGE' }) as Error);
    expect(() => loadTemporalConfig(options, env)).toThrow(text);
  });
});
