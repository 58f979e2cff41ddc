import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openStore } from '../../src/store/index.js';
import { sharedPostgres } from '../support/postgres.js';
import { removeFolder, run, workFolder } from './support.js';

const postgres = sharedPostgres();
const key = (id: string) => ({ id, key: randomBytes(32).toString('base64') });
const text = (...keys: { id: string; key: string }[]) => keys.map((each) => `${each.id}:${each.key}`).join(',');

let folder: string;
let env: { [name: string]: string };
beforeAll(async () => {
  folder = await workFolder();
  env = { DATABASE_URL: await postgres().create('commands') };
});
afterAll(() => removeFolder(folder));

async function cli(args: string[], more: { [name: string]: string } = {}) {
  const ended = await run([...args, '--json'], { cwd: folder, env: { ...env, ...more } });
  return { code: ended.code, json: JSON.parse(ended.code === 0 || ended.stdout !== '' ? ended.stdout : ended.stderr) as unknown };
}

describe('db', () => {
  test('says what the schema lacks, and brings it up to date once, though two do so at once', async () => {
    expect(await cli(['db', 'status'])).toMatchObject({ code: 2, json: { applied: 0, pending: expect.arrayContaining(['0000_platform']) as string[], unknown: 0 } });
    expect(await cli(['tokens', 'list'])).toMatchObject({ code: 2, json: { error: { code: 'STORE_NOT_MIGRATED', hint: expect.stringContaining('db migrate') as string } } });
    const both = await Promise.all([cli(['db', 'migrate']), cli(['db', 'migrate'])]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    const { json } = await cli(['db', 'status']);
    expect(json).toMatchObject({ pending: [], unknown: 0 });
    expect(both.map(({ json }) => json)).toContainEqual({ applied: (json as { applied: number }).applied });
    expect(await cli(['db', 'migrate'])).toEqual({ code: 0, json: { applied: 0 } });
  });

  test('rotates keys: then the new one alone opens every secret', async () => {
    const [old, fresh] = [key('old'), key('new')];
    const store = await openStore({ url: env['DATABASE_URL'] ?? '', secretKeys: [old] });
    const connection = { skill: 'acme:crm', owner: 'ann', provider: 'custom', permissions: [], env: {}, hosts: [], credentials: { secrets: { TOKEN: 'tk-1' }, headers: {} } };
    await store.connections.put(connection);
    await store.close();
    const one = text(fresh);
    expect(await cli(['db', 'rotate-keys'], { DISTRI_SECRET_KEYS: one })).toMatchObject({ code: 2, json: { error: { code: 'BAD_SECRET_KEY' } } });
    expect(await cli(['db', 'rotate-keys'], { DISTRI_SECRET_KEYS: text(fresh, old) })).toEqual({ code: 0, json: { rotated: 1, left: 0 } });
    const rotated = await openStore({ url: env['DATABASE_URL'] ?? '', secretKeys: [fresh] });
    try {
      const row = (await rotated.connections.find('acme:crm', 'ann')) ?? expect.fail('The connection is gone');
      expect(rotated.connections.open(row)).toMatchObject({ secrets: { TOKEN: 'tk-1' } });
    } finally {
      await rotated.close();
    }
  });

  test('without a database, or with settings that cannot be used, says how to name one', async () => {
    const other = await run(['tokens', 'list', '--json'], { cwd: folder, env: { DATABASE_URL: 'mysql://root:hidden@db' } });
    expect([other.code, JSON.parse(other.stderr)]).toMatchObject([2, { error: { code: 'USAGE', message: expect.stringContaining('DATABASE_URL') as string } }]);
    expect(other.stderr).not.toContain('hidden');
    expect(await cli(['tokens', 'list'], { DISTRI_SECRET_KEYS: 'too-short' })).toMatchObject({ code: 2, json: { error: { code: 'USAGE', hint: expect.stringContaining('DISTRI_SECRET_KEYS') as string } } });
    expect(await cli(['db', 'status'], { DATABASE_URL: '' })).toMatchObject({ code: 2, json: { error: { code: 'USAGE', hint: expect.stringContaining('DATABASE_URL') as string } } });
  });
});

describe('connections', () => {
  const keys = { DISTRI_SECRET_KEYS: text(key('only')) };

  test('are kept in the database, for everybody or for a user', async () => {
    const added = await run(['connections', 'add', 'shop:api', '--permission', 'orders', '--secret', 'TOKEN', '--header', 'Authorization', '--host', 'shop.test', '--json'], { cwd: folder, env: { ...env, ...keys }, stdin: 's3cret-token\nBearer s3cret\n' });
    expect(added, added.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining('"shared":true') as string });
    expect(await cli(['connections', 'add', 'shop:api', '--env', 'REGION=eu', '--owner', 'bea'], keys)).toEqual({ code: 0, json: { skill: 'shop:api', owner: 'bea' } });
    const store = await openStore({ url: env['DATABASE_URL'] ?? '', secretKeys: [] });
    expect([(await store.connections.find('shop:api'))?.owner, (await store.connections.find('shop:api', 'bea'))?.env]).toEqual(['', { REGION: 'eu' }]);
    expect((await store.audit.list({ actor: 'system', limit: 1 })).items).toMatchObject([{ action: 'connection.create', detail: { skill: 'shop:api', owner: 'bea' } }]);
    await store.close();
    const shared = { skill: 'shop:api', shared: true, status: 'active', permissions: ['orders'], secrets: { TOKEN: '•••' }, headers: { Authorization: '•••' }, hosts: ['shop.test'] };
    expect((await cli(['connections', 'list'], keys)).json).toMatchObject([shared]);
    expect((await cli(['connections', 'list', '--owner', 'bea'], keys)).json).toMatchObject([{ owner: 'bea', env: { REGION: 'eu' } }, shared]);
    const shown = await run(['connections', 'list', '--owner', 'bea'], { cwd: folder, env: { ...env, ...keys } });
    expect(shown.stdout).toMatch(/shop:api .*REGION=eu .*bea +active/);
    expect(await cli(['connections', 'remove', 'shop:api', '--owner', 'bea'], keys)).toEqual({ code: 0, json: { skill: 'shop:api', owner: 'bea', removed: true } });
    expect(await cli(['connections', 'remove', 'shop:api', '--owner', 'bea'], keys)).toMatchObject({ code: 2, json: { error: { code: 'USAGE' } } });
    expect((await cli(['connections', 'list', '--owner', 'bea'], keys)).json).toMatchObject([shared]);
  });

  test('are in a file when one is named, which has no owners', async () => {
    const file = join(folder, 'named.json');
    expect(await cli(['connections', 'add', 'a:file', '--connections', file])).toMatchObject({ code: 0, json: { file } });
    expect(await cli(['connections', 'list'], { DISTRI_CONNECTIONS: file })).toMatchObject({ code: 0, json: [{ skill: 'a:file' }] });
    expect(await cli(['connections', 'list', '--owner', 'bea', '--connections', file])).toMatchObject({ code: 2, json: { error: { code: 'USAGE' } } });
  });

  test('are refused as those of a file are, and without a key', async () => {
    expect(await cli(['connections', 'add', 'native:shell'], keys)).toMatchObject({ code: 2, json: { error: { code: 'BAD_SKILL' } } });
    expect(await cli(['connections', 'add', 'a:b'])).toMatchObject({ code: 2, json: { error: { code: 'BAD_SECRET_KEY' } } });
  });
});

describe('tokens', () => {
  test('are made, listed without what they are made of, and revoked', async () => {
    const made = await run(['tokens', 'create', '--user', 'ann', '--name', 'laptop', '--scope', 'runs:read', '--expires-at', '2999-01-01T00:00:00Z'], { cwd: folder, env });
    expect(made).toMatchObject({ code: 0, stdout: expect.stringMatching(/^dwf_\S{43}\n$/) as string, stderr: expect.stringContaining('runs:read') as string });
    await cli(['tokens', 'create', '--user', 'bob']);
    const listed = await cli(['tokens', 'list', '--user', 'ann']);
    expect(listed.json).toEqual({ tokens: [expect.objectContaining({ user: 'ann', name: 'laptop', scopes: ['runs:read'], expires_at: '2999-01-01T00:00:00.000Z' })] });
    expect(JSON.stringify(listed)).not.toContain(made.stdout.trim());
    expect((await cli(['tokens', 'list'])).json).toMatchObject({ tokens: [{ user: 'bob' }, { user: 'ann' }] });
    const [{ id }] = (listed.json as { tokens: [{ id: string }] }).tokens;
    expect(await cli(['tokens', 'revoke', id])).toMatchObject({ code: 0, json: { id } });
    expect(await cli(['tokens', 'revoke', id])).toMatchObject({ code: 2, json: { error: { code: 'TOKEN_NOT_FOUND' } } });
    expect((await cli(['tokens', 'list', '--user', 'ann'])).json).toEqual({ tokens: [] });
  });

  test.each([
    ['a scope that there is not', ['--scope', 'everything'], 'runs:read'],
    ['a time that is none', ['--expires-at', 'soon'], '2027'],
  ])('with %s are refused', async (_what, flags, hint) => {
    expect(await cli(['tokens', 'create', '--user', 'ann', ...flags])).toMatchObject({ code: 2, json: { error: { code: 'USAGE', hint: expect.stringContaining(hint) as string } } });
  });
});
