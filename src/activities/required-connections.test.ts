import { describe, expect, it } from 'vitest';
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
});
