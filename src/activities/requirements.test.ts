import { ApplicationFailure } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, test, vi } from 'vitest';
import { DistriError } from '../definition/errors.js';
import type { RequirementQuery, RequirementsCheck, RequirementsReport, WorkerAnnouncement } from '../definition/messages.js';
import type { Connection, ConnectionSource } from './connection.js';
import { createRequirements, type RequirementsDeps } from './requirements.js';

const drive: Connection = {
  skill: 'google:drive',
  permissions: ['drive.readonly'],
  env: {},
  secrets: { TOKEN: 'very-secret-token' },
  headers: {},
  hosts: [],
  revision: '7',
};

function source(...connections: Connection[]): ConnectionSource {
  return { get: async (skill) => connections.find((each) => each.skill === skill), list: async () => connections };
}

/** Everything the checks ask the server for is written down in `asked`. */
const local = new MockActivityEnvironment({ isLocal: true });

function world(given: { youngFor?: number;  own?: string[]; live?: string[]; tools?: { [name: string]: string }; connections?: ConnectionSource; offers?: WorkerAnnouncement[] }) {
  const asked: string[] = [];
  const unreadable: unknown[] = [];
  const look = (how: string) => async (skill: string) => {
    asked.push(`${how} ${skill}`);
    return (given.live ?? []).includes(skill);
  };
  const deps: RequirementsDeps = {
    ownSkills: new Set(given.own ?? []),
    toolSkill: (name) => given.tools?.[name],
    connections: given.connections ?? source(),
    pollers: { live: look('live'), confirmed: look('confirmed') },
    catalogue: async () => {
      asked.push('catalogue');
      return given.offers ?? [];
    },
    isCatalogueYoung: async () => {
      asked.push('age');
      return (given.youngFor ?? 0) > asked.filter((each) => each === 'age').length - 1;
    },
    onUnreadable: (skill, error) => unreadable.push([skill, error]),
  };
  const made = createRequirements(deps);
  return { asked, unreadable, ...made, check_requirements: (check: RequirementsCheck): Promise<RequirementsReport> => local.run(made.check_requirements, check), again: (check: RequirementsCheck): Promise<RequirementsReport> => new MockActivityEnvironment().run(made.check_requirements, check) };
}

async function state(query: RequirementQuery, given: Parameters<typeof world>[0]) {
  const report = await world(given).check_requirements({ requirements: [query], tools: [] });
  return report.requirements[0];
}

describe('check_requirements', () => {
  test('asks the server nothing when this process serves everything', async () => {
    const { asked, check_requirements } = world({
      own: ['native:shell', 'native:tool', 'google:drive'],
      tools: { search: 'native:tool' },
      connections: source(drive),
    });
    const check = { requirements: [{ skill: 'native:shell', worker: true }, { skill: 'google:drive' }], tools: ['search'] };
    expect(await check_requirements(check)).toEqual({
      requirements: [
        { available: true, served: true },
        { available: true, served: true, revision: '7' },
      ],
      tools: { search: { skill: 'native:tool', live: true } },
    });
    expect(asked).toEqual([]);
  });

  test('looks for the worker of a native skill with patience, once however often it is needed', async () => {
    const { asked, check_requirements } = world({ live: ['native:shell'] });
    const shell = { skill: 'native:shell' };
    const report = await check_requirements({ requirements: [shell, { ...shell, worker: true }], tools: [] });
    expect(report.requirements).toEqual([
      { available: true, served: true },
      { available: true, served: true },
    ]);
    expect(asked).toEqual(['confirmed native:shell']);
  });

  test('says which skill no live worker has', async () => {
    expect(await state({ skill: 'native:agent', worker: true }, {})).toEqual({
      available: false,
      served: false,
      reason: 'no live worker has the skill native:agent',
    });
  });

  test('a connection without a worker of its own is available but not served, told at a glance', async () => {
    const { asked, check_requirements } = world({ connections: source(drive) });
    const report = await check_requirements({ requirements: [{ skill: 'google:drive' }], tools: [] });
    expect(report.requirements).toEqual([{ available: true, served: false, revision: '7' }]);
    expect(asked).toEqual(['live google:drive']);
  });

  test.each<[string, Partial<Connection>, Partial<RequirementQuery>, string | undefined]>([
    ['it lacks permissions', {}, { permissions: ['drive.readonly', 'a', 'b'] }, 'lacks the permissions a, b'],
    ['it lacks a permission', {}, { permissions: ['a'] }, 'lacks the permission a'],
    ['it has expired', { expires_at: '2020-01-01T00:00:00Z' }, {}, 'expired at 2020-01-01T00:00:00Z'],
    ['its expiry cannot be read', { expires_at: 'soon' }, {}, 'expired at soon'],
    ['this revision was rejected', {}, { rejected_revision: '7' }, 'was rejected with 401 or 403 and has not changed since'],
    ['all is well', { expires_at: '2999-01-01T00:00:00Z' }, { permissions: ['drive.readonly'], rejected_revision: '6' }, undefined],
  ])('a connection: %s', async (_what, connection, query, reason) => {
    const found = await state({ skill: 'google:drive', ...query }, { connections: source({ ...drive, ...connection }) });
    expect(found).toEqual({ available: reason === undefined, served: false, revision: '7', ...(reason && { reason }) });
  });

  test('what workers have missed is not there, whatever is known here', async () => {
    const missed = { available: false, served: false, reason: 'a worker that needs it has not found it' };
    expect(await state({ skill: 'google:drive', missed: 2 }, { connections: source(drive) })).toEqual(missed);
    expect(await state({ skill: 'native:agent', worker: true, missed: 2 }, { own: ['native:agent'] })).toEqual(missed);
  });

  test('a connection that is not there is missing, and one that cannot be read too, without its secrets', async () => {
    expect((await state({ skill: 'google:drive' }, {}))?.reason).toBe('there is no connection google:drive');
    const broken = { ...source(), get: () => Promise.reject(new Error('very-secret-token')) };
    expect((await state({ skill: 'google:drive' }, { connections: broken }))?.reason).toBe('the connection cannot be read');
  });

  test('says why a connection cannot be read, and tells it once as long as the reason is the same', async () => {
    const refused = new DistriError('PROVIDER_FAILED', 'Files did not answer as it should: invalid_client');
    const noKey = new DistriError('BAD_SECRET_KEY', 'there is no key here');
    const answers = [refused, refused, noKey, drive, noKey];
    const get = async (): Promise<Connection> => {
      const next = answers.shift();
      if (next instanceof Error) throw next;
      return next ?? drive;
    };
    const { unreadable, check_requirements } = world({ connections: { ...source(), get } });
    const reasons: unknown[] = [];
    for (let look = 0; look < 5; look += 1) {
      const { requirements } = await check_requirements({ requirements: [{ skill: 'google:drive' }], tools: [], owner: 'ann' });
      reasons.push(requirements[0]?.reason);
    }
    const [provider, key] = ['the connection cannot be read: Files did not answer as it should: invalid_client', 'the connection cannot be read: there is no key here'];
    expect(reasons).toEqual([provider, provider, key, undefined, key]);
    expect(unreadable).toEqual([refused, noKey, noKey].map((error) => ['google:drive', error]));
  });

  test('says that a connection is broken, and why', async () => {
    const broken = { ...source(), problem: async () => 'is broken and must be connected again: invalid_grant' };
    expect((await state({ skill: 'google:drive' }, { connections: broken }))?.reason).toBe('the connection google:drive is broken and must be connected again: invalid_grant');
    const unreadable = { ...source(), problem: () => Promise.reject(new DistriError('STORE_UNAVAILABLE', 'no database')) };
    expect((await state({ skill: 'google:drive' }, { connections: unreadable }))?.reason).toBe('the connection cannot be read: no database');
  });

  test('finds tools of other workers in the catalogue, a live one first, and asks it once', async () => {
    const offer = (identity: string, skill: string): WorkerAnnouncement => ({
      identity,
      skills: [skill],
      tools: [{ name: 'search', skill, hash: 'h' }],
      expires_at: '2999-01-01T00:00:00Z',
    });
    const { asked, check_requirements } = world({ offers: [offer('a', 'dead:one'), offer('b', 'x:live')], live: ['x:live'] });
    const report = await check_requirements({ requirements: [], tools: ['search', 'unknown', '__proto__'] });
    expect(Object.entries(report.tools)).toEqual([
      ['search', { skill: 'x:live', live: true }],
      ['unknown', null],
      ['__proto__', null],
    ]);
    expect(asked.filter((each) => each === 'catalogue')).toHaveLength(1);
  });
});

describe('check_requirements of a step that is about to fail or to block', () => {
  const check: RequirementsCheck = { requirements: [], tools: ['gone'] };

  test('looks for a tool again while the catalogue is young', async () => {
    const offers: WorkerAnnouncement[] = [];
    const { asked, again } = world({ youngFor: 3, offers, live: ['x:live'] });
    const report = again(check);
    await vi.waitFor(() => expect(asked).toContain('age'));
    offers.push({ identity: 'a', skills: ['x:live'], tools: [{ name: 'gone', skill: 'x:live', hash: 'h' }], expires_at: '2999-01-01T00:00:00Z' });
    expect((await report).tools).toEqual({ gone: { skill: 'x:live', live: true } });
  });

  test('gives a tool up once the catalogue is old', async () => {
    const { asked, again } = world({ youngFor: 1 });
    expect((await again(check)).tools).toEqual({ gone: null });
    expect(asked).toEqual(['catalogue', 'age', 'catalogue', 'age']);
  });

  test('answers at once as a local activity, which holds up its run', async () => {
    const { asked, check_requirements } = world({ youngFor: 1 });
    expect((await check_requirements(check)).tools).toEqual({ gone: null });
    expect(asked).toEqual(['catalogue']);
  });
});

describe('await_requirements', () => {
  const check: RequirementsCheck = { requirements: [{ skill: 'google:drive' }], tools: ['search'] };
  const attempt = (number: number, given: Parameters<typeof world>[0]): Promise<RequirementsReport> =>
    new MockActivityEnvironment({ attempt: number }).run(world(given).await_requirements, check);

  test.each([
    [1, 2_000],
    [2, 5_000],
    [3, 15_000],
    [4, 60_000],
    [5, 600_000],
    [1_000, 600_000],
  ])('fails retryably at attempt %i, to be tried after %i ms', async (number, delay) => {
    const failure: unknown = await attempt(number, {}).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ApplicationFailure);
    expect(failure).toMatchObject({ type: 'CONNECTION_MISSING', nonRetryable: false, nextRetryDelay: delay });
    expect((failure as Error).message).toBe('Still missing: google:drive, tool search');
  });

  test('answers as soon as one connection or one live tool is there', async () => {
    expect((await attempt(1, { connections: source(drive) })).requirements[0]?.available).toBe(true);
    expect((await attempt(1, { tools: { search: 'a:b' }, live: ['a:b'] })).tools).toEqual({ search: { skill: 'a:b', live: true } });
  });

  test.each([
    [2, 1, 2_000],
    [3, 1, 5_000],
    [5, 1, 60_000],
    [6, 1, 600_000],
    [40, 1, 600_000],
    [3, 2, 15_000],
  ])('lets a pause pass before it looks for what workers have missed %i times, at attempt %i', async (missed, number, delay) => {
    const asked = { requirements: [{ skill: 'google:drive', missed }], tools: [] };
    const look = (at: number, ...there: Connection[]): Promise<RequirementsReport> =>
      new MockActivityEnvironment({ attempt: at }).run(world({ connections: source(...there) }).await_requirements, asked);
    await expect(look(number, ...(number === 1 ? [drive] : []))).rejects.toMatchObject({ nextRetryDelay: delay });
    expect((await look(2, drive)).requirements).toEqual([{ available: true, served: false, revision: '7' }]);
  });

  test('goes on waiting for a tool whose workers are gone', async () => {
    await expect(attempt(1, { tools: { search: 'a:b' } })).rejects.toThrow('Still missing');
  });
});
