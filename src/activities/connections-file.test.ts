import { fork } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DistriError } from '../definition/errors.js';
import { FileConnections, type NewConnection } from './connections-file.js';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'distri-connections-'));
  path = join(folder, 'nested', 'connections.json');
});
afterEach(() => rm(folder, { recursive: true }));

const drive: NewConnection = {
  skill: 'google:drive',
  permissions: ['read'],
  env: { REGION: 'eu' },
  secrets: { TOKEN: 'very-secret-token' },
  headers: { Authorization: 'Bearer very-secret-token' },
  hosts: ['*.googleapis.com'],
};

async function write(text: string, mode = 0o600): Promise<FileConnections> {
  path = join(folder, 'connections.json');
  await writeFile(path, text);
  await chmod(path, mode);
  return new FileConnections(path, () => undefined);
}

async function failure(work: Promise<unknown>): Promise<DistriError> {
  return work.then(
    () => expect.unreachable('it should have failed'),
    (error: unknown) => error as DistriError,
  );
}

describe('add, get, list and remove', () => {
  it('keep connections in a file that only its owner may read', async () => {
    const connections = new FileConnections(path);
    await connections.add(drive);
    await connections.add({ ...drive, skill: 'slack:chat', expires_at: '2030-01-01T00:00:00Z' });
    expect(await new FileConnections(path).get('google:drive')).toEqual({ ...drive, revision: expect.any(String) as string });
    expect((await connections.list()).map(({ skill, expires_at }) => [skill, expires_at])).toEqual([
      ['google:drive', undefined],
      ['slack:chat', '2030-01-01T00:00:00Z'],
    ]);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await connections.remove('google:drive')).toBe(true);
    expect(await connections.remove('google:drive')).toBe(false);
    expect(await connections.get('google:drive')).toBeUndefined();
  });

  it('give a replaced connection another revision and leave the others theirs', async () => {
    const connections = new FileConnections(path);
    await connections.add(drive);
    await connections.add({ ...drive, skill: 'slack:chat' });
    const before = await connections.list();
    await connections.add({ ...drive, permissions: ['write'] });
    expect(await connections.list()).toHaveLength(2);
    const after = await connections.get('google:drive');
    expect(after?.permissions).toEqual(['write']);
    expect(after?.revision).not.toBe(before[0]?.revision);
    expect((await connections.get('slack:chat'))?.revision).toBe(before[1]?.revision);
  });

  it('close a file that others could read', async () => {
    const connections = await write('{"version":1,"connections":[]}', 0o644);
    await connections.add(drive);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it.each([
    [{ skill: 'drive' }, 'BAD_SKILL'],
    [{ skill: 'a:b:c' }, 'BAD_SKILL'],
    [{ skill: ':b' }, 'BAD_SKILL'],
    [{ skill: 'native:shell' }, 'BAD_SKILL'],
    [{ headers: { 'X A': 'secret-value' } }, 'BAD_HEADER'],
    [{ headers: { 'X-A': 'secret-value\r\nX-B: 1' } }, 'BAD_HEADER'],
    [{ hosts: [] }, 'BAD_HEADER'],
    [{ hosts: ['https://api.example.com'] }, 'BAD_HEADER'],
    [{ hosts: ['*'] }, 'BAD_HEADER'],
    [{ expires_at: 'tomorrow' }, 'WRONG_TYPE'],
  ])('refuse %j with %s, without repeating a value, and write nothing', async (change, code) => {
    const error = await failure(new FileConnections(path).add({ ...drive, ...change }));
    expect(error).toMatchObject({ name: 'DistriError', code });
    expect(error.message).not.toContain('secret');
    expect(error.message).not.toMatch(/Invalid key in record/);
    await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('lose nothing when many write at once, in this process and others', async () => {
    const script = join(folder, 'writer.mts');
    const module = new URL('./connections-file.ts', import.meta.url).href;
    await writeFile(
      script,
      `import { FileConnections } from ${JSON.stringify(module)};
       const [path, name] = process.argv.slice(2);
       for (let i = 0; i < 5; i++) {
         await new FileConnections(path).add({ skill: \`\${name}:\${i}\`, permissions: [], env: {}, secrets: {}, headers: {}, hosts: [] });
       }`,
    );
    const others = ['p', 'q'].map((name) => fork(script, [path, name], { execArgv: ['--import', import.meta.resolve('jiti/register')], stdio: 'inherit' }));
    const here = new FileConnections(path);
    await Promise.all([0, 1, 2, 3, 4].map((i) => here.add({ ...drive, skill: `r:${i}` })));
    for (const child of others) expect(child.exitCode ?? ((await once(child, 'exit')) as [number])[0]).toBe(0);
    expect((await here.list()).map(({ skill }) => skill).sort()).toEqual(
      ['p', 'q', 'r'].flatMap((name) => [0, 1, 2, 3, 4].map((i) => `${name}:${i}`)),
    );
  });
});

describe('the file', () => {
  it('that is missing holds no connections', async () => {
    const connections = new FileConnections(path);
    expect(await connections.list()).toEqual([]);
    expect(await connections.get('google:drive')).toBeUndefined();
    expect(await connections.remove('google:drive')).toBe(false);
  });

  it('is read afresh when another process changed it, and when it goes away', async () => {
    const [reader, writer] = [new FileConnections(path), new FileConnections(path)];
    expect(await reader.list()).toEqual([]);
    await writer.add(drive);
    expect(await reader.list()).toHaveLength(1);
    await writer.add({ ...drive, secrets: { TOKEN: 'very-secret-tokem' } });
    expect((await reader.get('google:drive'))?.secrets).toEqual({ TOKEN: 'very-secret-tokem' });
    await rm(path);
    expect(await reader.list()).toEqual([]);
  });

  it('may leave out what is empty; its last change is then the revision', async () => {
    const connections = await write('{"version":1,"connections":[{"skill":"a:b"}]}');
    const before = await connections.get('a:b');
    expect(before).toMatchObject({ skill: 'a:b', permissions: [], env: {}, secrets: {}, headers: {}, hosts: [] });
    await writeFile(path, '{"version":1,"connections":[{"skill":"a:b","secrets":{"T":"x"}}]}');
    expect((await connections.get('a:b'))?.revision).not.toBe(before?.revision);
  });

  it.each([
    ['', 1, /not JSON/],
    ['{\n  "version": 1,\n  "connections": [\n', 4, /not JSON/],
    ['{"version":1,\n"connections":[{"skill":"a:b","secrets":{"T":"hush-hush"\n}]}', 3, /not JSON/],
    ['{"version": 2,\n "connections": []}', 1, /\$\.version/],
    ['[]', 1, /expected object/],
    ['{"version":1,"connections":[\n{"skill":"a:b"},\n{"skill":"drive"}]}', 3, /\$\.connections\[1\]\.skill: expected namespace:name/],
    ['{"version":1,"connections":[\n{"skill":"a:b"},\n{"skill":"a:b"}]}', 3, /another connection/],
    ['{"version":1,"connections":[\n{"skill":"a:b",\n"secret":{"T":"hush-hush"}}]}', 2, /"secret"/],
    ['{"version":1,"connections":[\n{"skill":"a:b",\n"secrets":{"T":["hush-hush"]}}]}', 3, /expected string/],
    ['{"version":1,"connections":[\n{"skill":"a:b","hosts":["x"],\n"headers":{"X A":"hush-hush"}}]}', 3, /name of an HTTP header/],
    ['{"version":1,"connections":[\n{"skill":"a:b",\n"headers":{"X-A":"hush-hush"}}]}', 2, /hosts: headers need/],
  ])('that is malformed (%j) is an error with path and line %i', async (text, line, message) => {
    const connections = await write(text);
    for (const work of [() => connections.list(), () => connections.add(drive)]) {
      const error = await failure(work());
      expect(error).toMatchObject({ code: 'BAD_CONNECTIONS_FILE', message: expect.stringMatching(message) as string });
      expect(error.message).toContain(`${path} is wrong at line ${line},`);
      expect(error.message).not.toContain('hush');
    }
    expect(await readFile(path, 'utf8')).toBe(text);
  });

  it('that is a folder is an error that names it', async () => {
    path = folder;
    expect(await failure(new FileConnections(path).list())).toMatchObject({
      code: 'BAD_CONNECTIONS_FILE',
      message: expect.stringContaining(folder) as string,
    });
  });

  it('that others may read gives a warning, once until it changes', async () => {
    await write('{"version":1,"connections":[]}', 0o640);
    const warnings: string[] = [];
    const connections = new FileConnections(path, (message) => warnings.push(message));
    await connections.list();
    await connections.list();
    expect(warnings).toEqual([expect.stringContaining(`chmod 600`)]);
    await connections.add(drive);
    await connections.list();
    expect(warnings).toHaveLength(1);
  });
});
