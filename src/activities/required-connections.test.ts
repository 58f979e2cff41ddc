import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FirstOfConnections } from './first-of.js';
import { FileConnections } from './connections-file.js';
import { requiredConnections } from './required-connections.js';

describe('requiredConnections', () => {
  it('asks for those of the owner', async () => {
    const asked: unknown[] = [];
    const source = {
      get: async (skill: string, owner?: string) => {
        asked.push([skill, owner]);
        return { skill, permissions: [], env: {}, secrets: {}, headers: {}, hosts: [], revision: 'r' };
      },
      list: async () => [],
    };
    const requires = [{ skill: 'native:shell' }, { skill: 'a:b' }];
    expect(await requiredConnections(requires, source, 'ann')).toHaveLength(1);
    await requiredConnections(requires, source);
    expect(asked).toEqual([['a:b', 'ann'], ['a:b', undefined]]);
  });

  it('blocks the step on one that cannot be read now', async () => {
    const source = { get: () => Promise.reject(new Error('The database does not answer')), list: async () => [] };
    await expect(requiredConnections([{ skill: 'a:b' }], source)).rejects.toMatchObject({
      code: 'CONNECTION_MISSING',
      message: 'The connection a:b cannot be read: The database does not answer',
      details: { skill: 'a:b' },
    });
  });

  it('fails a step at once whose worker has no place for connections, and says what to do', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sources-'));
    try {
      const file = new FileConnections(join(folder, 'connections.json'));
      const code = (source: ConstructorParameters<typeof FirstOfConnections>[0][number]) =>
        requiredConnections([{ skill: 'a:b' }], source).catch((error: unknown) => error);
      expect(await code(file)).toMatchObject({ code: 'NO_CONNECTION_SOURCE', message: expect.stringMatching(/a:b.*DATABASE_URL.*--connections/) as string });
      expect(await code(new FirstOfConnections([file, file]))).toMatchObject({ code: 'NO_CONNECTION_SOURCE' });
      const store = { get: async () => undefined, list: async () => [] };
      expect(await code(new FirstOfConnections([file, store]))).toMatchObject({ code: 'CONNECTION_MISSING' });
      await file.add({ skill: 'c:d', permissions: [], env: {}, secrets: {}, headers: {}, hosts: [] });
      expect(await code(file)).toMatchObject({ code: 'CONNECTION_MISSING' });
      await rm(file.path);
      // Whoever moves the file for a moment has not said that there are none.
      expect(await code(file)).toMatchObject({ code: 'CONNECTION_MISSING' });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
