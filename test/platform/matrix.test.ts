import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { SCOPES, type Scope } from '../../src/server/identity.js';
import { operationsOf, type OpenApi } from '../support/openapi.js';
import { sharedPlatform } from './stage.js';
import { everyTrigger, makeWorld, type World } from './world.js';

const platform = sharedPlatform({ worker: {}, providers: { environment: { DISTRI_PROVIDER_GOOGLE_CLIENT_ID: 'id', DISTRI_PROVIDER_GOOGLE_CLIENT_SECRET: 'secret' } } });

/** Who asks, besides nobody and the owner without the scope: by what the owner's workflow is shared with them for. */
const ACTORS = ['other', 'reader', 'runner', 'editor', 'owner', 'admin'] as const;
type Actor = (typeof ACTORS)[number];

interface Row {
  /** As in the OpenAPI document; `?` and a query may follow. */
  readonly route: string;
  readonly scope: Scope | 'public';
  /** The status for each of the actors. */
  readonly statuses: readonly number[];
  readonly body?: unknown;
  /** What it does can be done once: whoever may has a thing of their own. */
  readonly once?: true;
}

type More = Pick<Row, 'body' | 'once'>;

/** A row: route, scope, and the statuses for other, reader, runner, editor, owner and admin. */
function row(route: string, scope: Row['scope'], statuses: string, more: More = {}): Row {
  return { route, scope, statuses: statuses.split(' ').map(Number), ...more };
}

const once = true;
const definition = everyTrigger('{fresh}');
const period = { from: '2026-01-01T00:00:00Z', to: '2026-01-02T00:00:00Z' };

// prettier-ignore
const ROWS: readonly Row[] = [
  //                                                                             other reader runner editor owner admin
  row('GET /healthz', 'public',                                                  '200 200 200 200 200 200'),
  row('GET /readyz', 'public',                                                   '200 200 200 200 200 200'),
  row('GET /metrics', 'metrics',                                                 '200 200 200 200 200 200'),
  row('GET /v1/audit', 'admin',                                                  '403 403 403 403 403 200'),
  row('GET /v1/skills', 'workflows:read',                                        '200 200 200 200 200 200'),
  row('GET /v1/tools', 'workflows:read',                                         '200 200 200 200 200 200'),
  row('GET /v1/step-kinds', 'workflows:read',                                    '200 200 200 200 200 200'),

  row('GET /v1/workflows', 'workflows:read',                                     '200 200 200 200 200 200'),
  row('GET /v1/workflows/public', 'workflows:read',                              '200 200 200 200 200 200'),
  row('GET /v1/workflows/starred', 'workflows:read',                             '200 200 200 200 200 200'),
  row('POST /v1/workflows', 'workflows:write',                                   '201 201 201 201 201 201', { body: definition }),
  row('POST /v1/workflows/validate', 'workflows:read',                           '200 200 200 200 200 200', { body: definition }),
  row('GET /v1/workflows/{id}', 'workflows:read',                                '404 200 200 200 200 200'),
  row('PUT /v1/workflows/{id}', 'workflows:write',                               '404 403 403 200 200 200', { body: { description: 'new' } }),
  row('PUT /v1/workflows/{id}', 'workflows:write',                               '404 403 403 200 200 200', { body: definition, once }),
  row('PATCH /v1/workflows/{id}', 'workflows:write',                             '404 403 403 200 200 200', { body: { tags: ['new'] } }),
  row('PATCH /v1/workflows/{id}', 'workflows:write',                             '404 403 403 403 200 200', { body: { is_public: true }, once }),
  row('DELETE /v1/workflows/{id}', 'workflows:write',                            '404 403 403 403 204 204', { once }),
  row('GET /v1/workflows/{id}/definition', 'workflows:read',                     '404 200 200 200 200 200'),
  row('GET /v1/workflows/{id}/versions', 'workflows:read',                       '404 200 200 200 200 200'),
  row('GET /v1/workflows/{id}/versions/{version}', 'workflows:read',             '404 200 200 200 200 200'),
  row('GET /v1/workflows/{id}/diff?from=1&to=1', 'workflows:read',               '404 200 200 200 200 200'),
  row('POST /v1/workflows/{id}/restore', 'workflows:write',                      '404 403 403 200 200 200', { body: { version: 1 } }),
  row('GET /v1/workflows/{id}/shares', 'workflows:read',                         '404 403 403 403 200 200'),
  row('PUT /v1/workflows/{id}/shares/{user_id}', 'workflows:write',              '404 403 403 403 200 200', { body: { role: 'edit' } }),
  row('DELETE /v1/workflows/{id}/shares/{user_id}', 'workflows:write',           '404 403 403 403 204 204'),
  row('POST /v1/workflows/{id}/star', 'workflows:write',                         '404 200 200 200 200 200'),
  row('DELETE /v1/workflows/{id}/star', 'workflows:write',                       '404 200 200 200 200 200'),
  row('POST /v1/workflows/{id}/clone', 'workflows:write',                        '404 201 201 201 201 201'),
  row('POST /v1/workflows/{id}/run', 'runs:write',                               '404 403 201 201 201 201'),
  row('GET /v1/workflows/{id}/events', 'runs:read',                              '404 200 200 200 200 200'),
  row('GET /v1/workflows/{id}/triggers', 'workflows:read',                       '404 200 200 200 200 200'),

  row('GET /v1/runs', 'runs:read',                                               '200 200 200 200 200 200'),
  row('GET /v1/runs?archived=true', 'runs:read',                                 '200 200 200 200 200 200'),
  row('POST /v1/runs', 'runs:write',                                             '201 201 201 201 201 201', { body: { definition } }),
  row('GET /v1/runs/{run}', 'runs:read',                                         '404 404 404 200 200 200'),
  row('GET /v1/runs/{run}/steps', 'runs:read',                                   '404 404 404 200 200 200'),
  row('GET /v1/runs/{run}/context', 'runs:read',                                 '404 404 404 200 200 200'),
  row('GET /v1/runs/{run}/reruns', 'runs:read',                                  '404 404 404 200 200 200'),
  row('GET /v1/runs/{run}/checkpoints', 'runs:read',                             '404 404 404 200 200 200'),
  row('GET /v1/runs/{run}/checkpoints/{checkpoint_id}', 'runs:read',             '404 404 404 200 200 200'),
  row('GET /v1/runs/{run}/events', 'runs:read',                                  '404 404 404 200 200 200'),
  row('POST /v1/runs/{run}/answer', 'runs:write',                                '404 404 404 204 204 204', { body: { step_id: 'ask', value: { go: true } }, once }),
  row('POST /v1/runs/{run}/pause', 'runs:write',                                 '404 404 404 204 204 204'),
  row('POST /v1/runs/{run}/resume', 'runs:write',                                '404 404 404 204 204 204'),
  row('POST /v1/runs/{run}/retry', 'runs:write',                                 '404 404 404 200 200 200'),
  row('POST /v1/runs/{run}/skip', 'runs:write',                                  '404 404 404 204 204 204', { body: { step_id: 'ask' }, once }),
  row('POST /v1/runs/{run}/cancel', 'runs:write',                                '404 404 404 202 202 202', { once }),
  row('POST /v1/runs/{run}/terminate', 'runs:write',                             '404 404 404 204 204 204', { once }),
  row('POST /v1/runs/{run}/rerun?preview=true', 'runs:write',                    '404 404 404 200 200 200', { body: { from: ['say'] } }),
  row('POST /v1/runs/{run}/migrate?preview=true', 'runs:write',                  '404 404 404 200 200 200', { body: { version: 1 } }),
  row('POST /v1/runs/{run}/migrate', 'runs:write',                               '404 404 404 403 200 200', { body: { version: 1 }, once }),

  row('GET /v1/connections', 'connections:read',                                 '200 200 200 200 200 200'),
  row('GET /v1/connections?owner={owner}', 'connections:read',                   '403 403 403 403 200 200'),
  row('GET /v1/connections/{skill}', 'connections:read',                         '404 404 404 404 200 404'),
  row('GET /v1/connections/{skill}?owner={owner}', 'connections:read',           '403 403 403 403 200 200'),
  row('DELETE /v1/connections/{skill}', 'connections:write',                     '404 404 404 404 204 404', { once }),
  row('DELETE /v1/connections/{skill}?owner={owner}', 'connections:write',       '403 403 403 403 204 204', { once }),
  row('DELETE /v1/connections/{skill}?shared=true', 'connections:write',         '403 403 403 403 403 404'),
  row('PUT /v1/connections/{skill}', 'connections:write',                        '200 200 200 200 200 200', { body: {} }),
  row('PUT /v1/connections/{skill}?owner={owner}', 'connections:write',          '403 403 403 403 200 200', { body: {} }),
  row('PUT /v1/connections/{skill}', 'connections:write',                        '403 403 403 403 403 200', { body: { shared: true } }),
  row('GET /v1/connections/{skill}/authorize?provider=google', 'connections:write', '302 302 302 302 302 302'),
  row('GET /v1/connections/{skill}/authorize?provider=google&owner={owner}', 'connections:write', '403 403 403 403 302 302'),
  row('GET /v1/connections/begin?ticket=x', 'public',                            '400 400 400 400 400 400'),
  row('GET /v1/connections/callback?state=x', 'public',                          '400 400 400 400 400 400'),
  row('GET /v1/providers', 'connections:read',                                   '200 200 200 200 200 200'),

  row('GET /v1/tokens', 'tokens',                                                '200 200 200 200 200 200'),
  row('POST /v1/tokens', 'tokens',                                               '201 201 201 201 201 201', { body: { name: 'n', scopes: ['tokens'] } }),
  row('POST /v1/tokens', 'tokens',                                               '403 403 403 403 403 201', { body: { name: 'n', scopes: ['admin'] } }),
  row('POST /v1/tokens', 'tokens',                                               '403 403 403 403 403 201', { body: { name: 'n', scopes: ['metrics'] } }),
  row('POST /v1/tokens', 'tokens',                                               '403 403 403 403 403 201', { body: { name: 'n', scopes: ['tokens'], user: 'zoe' } }),
  row('DELETE /v1/tokens/{token}', 'tokens',                                     '404 404 404 404 204 204', { once }),

  row('POST /v1/triggers/{trigger_id}/pause', 'workflows:write',                 '404 403 403 200 200 200'),
  row('POST /v1/triggers/{trigger_id}/resume', 'workflows:write',                '404 403 403 200 200 200'),
  row('POST /v1/triggers/{trigger_id}/run', 'workflows:write',                   '404 403 403 202 202 202'),
  row('POST /v1/triggers/{trigger_id}/backfill', 'workflows:write',              '404 403 403 202 202 202', { body: period }),
  row('POST /v1/events', 'events:write',                                         '202 202 202 202 202 202', { body: { topic: 'nothing' } }),
  row('POST /v1/workflows/webhook/{path}', 'public',                                '202 202 202 202 202 202', { body: {} }),
  row('GET /v1/workflows/webhook/{path}', 'public',                                 '405 405 405 405 405 405'),
  row('PUT /v1/workflows/webhook/{path}', 'public',                                 '405 405 405 405 405 405', { body: {} }),
  row('PATCH /v1/workflows/webhook/{path}', 'public',                               '405 405 405 405 405 405', { body: {} }),
  row('DELETE /v1/workflows/webhook/{path}', 'public',                              '405 405 405 405 405 405'),
];

/** What the ids of other things than workflows are called here, and in the document. */
const DOCUMENT_NAMES = { '{run}': '{id}', '{token}': '{id}' };

function documented({ route }: Row): string {
  return Object.entries(DOCUMENT_NAMES).reduce((path, [ours, theirs]) => path.replace(ours, theirs), route.split('?')[0] ?? '');
}

/** The ids of a world by their names in routes. */
function idsOf({ workflowId, runId, tokenId, triggerId, checkpointId, skill, webhookPath, owner }: World): { [name: string]: string } {
  return { id: workflowId, run: runId, token: tokenId, trigger_id: triggerId, checkpoint_id: checkpointId, skill, owner, version: '1', user_id: 'zoe', path: webhookPath };
}

function addressOf({ route }: Row, ids: { [name: string]: string }): { method: string; path: string } {
  const [method = '', path = ''] = route.split(' ');
  return { method, path: path.replace(/\{([^}]+)\}/g, (_, name: string) => encodeURIComponent(ids[name] ?? '')) };
}

/** Who an actor is, with these scopes, or all but `admin`. */
function nameOf(actor: Actor, { owner }: World, scopes?: readonly Scope[]): string {
  const user = actor === 'owner' ? owner : actor;
  return actor === 'admin' ? 'root:admin' : `${user}${scopes === undefined ? '' : `:${scopes.join(',')}`}`;
}

interface Answered {
  readonly status: number;
  readonly code: string | undefined;
  /** Without what every answer has anew. */
  readonly problem: string;
}

/** Of a stream only how it begins. */
async function ask(row: Row, ids: { [name: string]: string }, as: string | null): Promise<Answered> {
  const { method, path } = addressOf(row, ids);
  const over = new AbortController();
  const body = row.body === undefined ? undefined : JSON.stringify(row.body).replaceAll('{fresh}', `f-${randomUUID()}`);
  const response = await fetch(platform().url + path, {
    method,
    redirect: 'manual',
    signal: over.signal,
    headers: { ...(as === null ? {} : { authorization: `Bearer ${as}` }), ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body }),
  });
  const type = response.headers.get('content-type') ?? '';
  if (!type.startsWith('application/problem+json')) {
    over.abort();
    return { status: response.status, code: undefined, problem: '' };
  }
  const { instance: _, ...problem } = (await response.json()) as { instance: string; code: string };
  return { status: response.status, code: problem.code, problem: JSON.stringify(problem) };
}

async function makeShared(): Promise<World> {
  const world = await makeWorld(platform());
  for (const [user, role] of [['reader', 'read'], ['runner', 'run'], ['editor', 'edit']]) {
    await platform().send('PUT', `/v1/workflows/${world.workflowId}/shares/${user}`, { as: world.owner, body: { role } });
  }
  return world;
}

const NOT_FOUND = /NOT_FOUND$/;
let world: World;
beforeAll(async () => {
  world = await makeShared();
});

it('has a row for every route of the document', async () => {
  const { body } = await platform().send('GET', '/openapi.json');
  expect([...new Set(ROWS.map(documented))].sort()).toEqual(operationsOf(body as OpenApi).map(({ method, path }) => `${method} ${path}`).sort());
});

describe.each(ROWS.map((each) => [`${each.route} ${JSON.stringify(each.body ?? '')}`, each] as const))('%s', (_, tested) => {
  const { scope, statuses, once: isOnce } = tested;

  it('is refused to nobody, and without its scope', async () => {
    const ids = idsOf(world);
    const expected = scope === 'public' ? { status: statuses[0] } : { status: 401, code: 'UNAUTHENTICATED' };
    expect(await ask(tested, ids, null)).toMatchObject(expected);
    if (scope === 'public') return;
    const others = SCOPES.filter((each) => each !== scope && each !== 'admin');
    expect(await ask(tested, ids, nameOf('owner', world, others))).toMatchObject({ status: 403, code: 'FORBIDDEN' });
  });

  it('does for each what they may', async () => {
    const got: Record<string, number> = {};
    for (const [at, actor] of ACTORS.entries()) {
      const status = statuses[at] ?? 0;
      const own = isOnce === true && status < 300 ? await makeShared() : world;
      const answered = await ask(tested, idsOf(own), nameOf(actor, own, scope === 'public' || scope === 'admin' ? undefined : [scope]));
      got[actor] = answered.status;
      if (status === 404) expect(answered.code, actor).toMatch(NOT_FOUND);
      if (status === 403) expect(answered.code, actor).toBe('FORBIDDEN');
    }
    expect(got).toEqual(Object.fromEntries(ACTORS.map((actor, at) => [actor, statuses[at]])));
  });

  if (statuses[0] !== 404) return;
  it('answers for what others have as for what is not there', async () => {
    const ids = idsOf(world);
    const none: { [name: string]: string } = { ...ids, id: randomUUID(), run: `run-${randomUUID()}`, token: randomUUID(), trigger_id: randomUUID(), skill: 'none:such' };
    const hidden = await ask(tested, ids, 'other');
    const missing = await ask(tested, none, 'other');
    const anonymous = (problem: string, names: { [name: string]: string }): string => ['run', 'id', 'token', 'trigger_id', 'skill'].reduce((text, name) => text.replaceAll(names[name] ?? '', `<${name}>`), problem);
    expect(anonymous(hidden.problem, ids)).toBe(anonymous(missing.problem, none));
  });
});

it('shows in lists what is one’s own or shared only', async () => {
  const world = await makeShared();
  const texts = async (as: string) => {
    const lists = await Promise.all(['/v1/workflows', '/v1/workflows/public', '/v1/workflows/starred', '/v1/runs', '/v1/runs?archived=true', '/v1/connections', '/v1/tokens', `/v1/tokens?user=${world.owner}`, `/v1/runs?owner=${world.owner}`, `/v1/runs?workflow_id=${world.workflowId}`].map((path) => platform().send('GET', path, { as })));
    return lists.map(({ text }) => text).join('\n');
  };
  const secrets = [world.runId, world.tokenId, world.skill, world.owner];
  const others = await texts('other');
  for (const secret of [...secrets, world.workflowId]) expect(others).not.toContain(secret);
  const readers = await texts('reader');
  expect(readers).toContain(world.workflowId);
  for (const secret of [world.runId, world.tokenId, world.skill]) expect(readers).not.toContain(secret);
  const own = await texts(world.owner);
  for (const secret of secrets) await expect.poll(async () => (own.includes(secret) ? own : texts(world.owner)), { timeout: 60_000 }).toContain(secret);
});

it('shows of the skills that workers serve those that one’s runs could use, and the workers to admins only', async () => {
  const world = await makeShared();
  const shared = `shared-${randomUUID().slice(0, 8)}:api`;
  expect((await platform().send('PUT', `/v1/connections/${shared}`, { as: 'root:admin', body: { shared: true } })).status).toBe(200);
  const skills = async (as: string): Promise<{ skill: string; workers?: string[] }[]> => (await platform().send('GET', '/v1/skills', { as })).body.skills;
  const names = async (as: string) => (await skills(as)).map(({ skill }) => skill);
  await expect.poll(() => names('root:admin'), { timeout: 60_000, interval: 200 }).toEqual(expect.arrayContaining([world.skill, shared, 'native:tool']));
  for (const user of ['other', 'reader', 'runner', 'editor']) {
    const seen = await names(user);
    expect(seen, user).toEqual(expect.arrayContaining([shared, 'native:tool']));
    expect(seen, user).not.toContain(world.skill);
  }
  expect(await names(world.owner)).toEqual(expect.arrayContaining([world.skill, shared, 'native:tool']));
  expect((await skills('root:admin')).every(({ workers }) => (workers?.length ?? 0) > 0)).toBe(true);
  expect((await skills(world.owner)).some((each) => 'workers' in each)).toBe(false);
  const tools = async (as: string): Promise<object[]> => (await platform().send('GET', '/v1/tools', { as })).body.tools;
  expect((await tools('root:admin')).filter((each) => !('workers' in each))).toEqual([]);
  expect((await tools('other')).filter((each) => 'workers' in each)).toEqual([]);
});
