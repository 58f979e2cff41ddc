import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hideKeys, withSecretFiles } from './secret-files.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'distri-secrets-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function file(name: string, content: string): Promise<string> {
  await writeFile(join(folder, name), content);
  return join(folder, name);
}

describe('secrets in files', () => {
  it('count as their variables, without the end of the last line', async () => {
    const given = {
      DATABASE_URL_FILE: await file('url', 'postgres://me@db/x\n'),
      DISTRI_SECRET_KEYS_FILE: await file('keys', 'k1:AAAA\r\n'),
      DISTRI_PROVIDER_FILES_CLIENT_SECRET_FILE: await file('client', ' s \n\n'),
      OPENAI_API_KEY_FILE: await file('model', 'sk-1'),
      TEMPORAL_CONFIG_FILE: '/not/there',
      HOME: '/root',
    };
    const { DATABASE_URL, DISTRI_SECRET_KEYS, DISTRI_PROVIDER_FILES_CLIENT_SECRET, OPENAI_API_KEY, HOME, TEMPORAL_CONFIG } = withSecretFiles(given);
    expect([DATABASE_URL, DISTRI_SECRET_KEYS, DISTRI_PROVIDER_FILES_CLIENT_SECRET]).toEqual(['postgres://me@db/x', 'k1:AAAA', ' s \n']);
    expect([OPENAI_API_KEY, HOME, TEMPORAL_CONFIG]).toEqual(['sk-1', '/root', undefined]);
    expect(given).not.toHaveProperty('DATABASE_URL');
  });

  it('are refused when they cannot be read, are empty or are given twice, and never shown', async () => {
    expect(() => withSecretFiles({ DISTRI_TOKEN_FILE: join(folder, 'none') })).toThrow(/DISTRI_TOKEN_FILE cannot be read: ENOENT/);
    const empty = await file('empty', '\n');
    expect(() => withSecretFiles({ DISTRI_TOKEN_FILE: empty })).toThrow(/is empty/);
    const url = await file('twice', 'postgres://secret');
    expect(() => withSecretFiles({ DATABASE_URL: 'postgres://other', DATABASE_URL_FILE: url })).toThrow('DATABASE_URL and DATABASE_URL_FILE are both set');
    expect(withSecretFiles({ DATABASE_URL: '', DATABASE_URL_FILE: url, DISTRI_TOKEN_FILE: '' }).DATABASE_URL).toBe('postgres://secret');
  });
});

it('keys are taken out of the environment, and nothing else', () => {
  const variables: NodeJS.ProcessEnv = { DATABASE_URL: 'a', DISTRI_SECRET_KEYS: 'b', DISTRI_PROVIDER_X_CLIENT_SECRET: 'c', OPENAI_API_KEY: 'd', PATH: 'e' };
  hideKeys(variables);
  expect(variables).toEqual({ OPENAI_API_KEY: 'd', PATH: 'e' });
});
