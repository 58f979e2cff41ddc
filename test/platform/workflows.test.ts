import { describe, expect, it } from 'vitest';
import { sharedPlatform, type Answer, type SendOptions } from './stage.js';

const platform = sharedPlatform();
const send = (method: string, path: string, options?: SendOptions): Promise<Answer> => platform().send(method, path, options);

function steps(mark = 'hi') {
  return [{ id: 'say', label: 'Say it', kind: { type: 'checkpoint', message: mark } }];
}

/** Creates a workflow as ann, and gives its answer. */
async function create(body: unknown, as = 'ann'): Promise<Answer> {
  const answer = await send('POST', '/v1/workflows', { body, as });
  expect(answer.status, answer.text).toBe(201);
  return answer;
}

async function newId(body: object = {}, as = 'ann'): Promise<string> {
  return String((await create({ definition: { id: 'd', steps: steps() }, ...body }, as)).body.id);
}

describe('the routes of workflows', () => {
  it('create, get, change and delete one', async () => {
    const made = await create({ name: 'Nightly', description: 'Each night', definition: { id: 'nightly', steps: steps() }, tags: ['a'], is_template: true, note: 'first' });
    const { id } = made.body;
    expect(made.headers.get('location')).toBe(`/v1/workflows/${id}`);
    expect(made.headers.get('etag')).toBe('"1"');
    expect(made.body).toMatchObject({
      name: 'Nightly',
      description: 'Each night',
      definition: { id: 'nightly', steps: steps() },
      tags: ['a'],
      is_public: false,
      is_template: true,
      star_count: 0,
      clone_count: 0,
      cloned_from: null,
      owner: 'ann',
      role: 'owner',
      is_owner: true,
      is_starred: false,
      version: 1,
      step_count: 1,
      problems: [],
    });
    expect(made.body.created_at).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    const changed = await send('PUT', `/v1/workflows/${id}`, { as: 'ann', body: { definition: { id: 'nightly', steps: steps('ho') }, note: 'second' } });
    expect(changed).toMatchObject({ status: 200, body: { version: 2, name: 'Nightly', description: 'Each night', tags: ['a'] } });
    expect(changed.headers.get('etag')).toBe('"2"');
    expect(await send('PATCH', `/v1/workflows/${id}`, { as: 'ann', body: { description: '', tags: null } })).toMatchObject({ status: 200, body: { version: 3, description: null, tags: ['a'] } });
    const got = await send('GET', `/v1/workflows/${id}`, { as: 'ann' });
    expect(got.body).toMatchObject({ version: 3, definition: { steps: steps('ho') } });
    expect(got.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(await send('DELETE', `/v1/workflows/${id}`, { as: 'ann' })).toMatchObject({ status: 204, text: '' });
    expect(await send('GET', `/v1/workflows/${id}`, { as: 'ann' })).toMatchObject({ status: 404, body: { code: 'WORKFLOW_NOT_FOUND' } });
  });

  it('take a bare document, wrapped or not', async () => {
    expect((await create({ id: 'bare', version: '0.1.0', name: 'Bare one', description: 'D', steps: steps() })).body).toMatchObject({ name: 'Bare one', description: 'D', definition_id: 'bare', version: 1 });
    expect((await create({ id: 'no-name', steps: [] })).body).toMatchObject({ name: 'no-name', step_count: 0 });
    const wrapper = { agent_type: 'workflow_agent', name: 'agent', description: 'A', definition: { id: 'inner', steps: steps() } };
    const { body } = await create(wrapper);
    expect(body).toMatchObject({ name: 'agent', description: 'A', definition_id: 'inner', definition: wrapper, step_count: 1 });
    const renamed = { id: 'inner', name: 'Other', steps: steps('x') };
    expect((await send('PUT', `/v1/workflows/${body.id}`, { as: 'ann', body: renamed })).body).toMatchObject({ name: 'Other', version: 2, definition: renamed });
  });

  it('return warnings, and refuse what cannot run with all that is wrong', async () => {
    const { body } = await create({ definition: { id: 'w', steps: [{ ...steps()[0], depend_on: [] }] } });
    expect(body.problems).toMatchObject([{ severity: 'warning', code: 'UNKNOWN_FIELD', path: '$.steps[0].depend_on' }]);
    const as = 'refused';
    const bad = { definition: { id: 'w', steps: [{ id: 'a', kind: { type: 'nothing' } }, { id: 'a', kind: { type: 'checkpoint', message: 'x' }, depends_on: ['z'] }] } };
    const refused = await send('POST', '/v1/workflows', { as, body: bad });
    expect(refused.status).toBe(400);
    expect(refused.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(refused.body.problems.map(({ code }: { code: string }) => code)).toEqual(expect.arrayContaining(['UNKNOWN_KIND', 'DUPLICATE_STEP_ID', 'UNKNOWN_DEPENDENCY']));
    expect((await send('GET', '/v1/workflows', { as })).body.items).toEqual([]);
    const id = body.id;
    expect((await send('PUT', `/v1/workflows/${id}`, { as: 'ann', body: bad })).status).toBe(400);
    expect((await send('GET', `/v1/workflows/${id}`, { as: 'ann' })).body.version).toBe(1);
  });

  it.each([
    ['no definition', { name: 'x' }],
    ['no object', [1]],
    ['null', 'null'],
    ['nothing', undefined],
    ['an empty name', { name: '', definition: { steps: [] } }],
    ['a long name', { name: 'x'.repeat(501), definition: { steps: [] } }],
    ['U+0000 in a name', { name: 'a\0b', definition: { steps: [] } }],
    ['half of a surrogate pair in a description', { description: 'a\udfff', definition: { steps: [] } }],
    ['U+0000 in a tag', { tags: ['a\0'], definition: { steps: [] } }],
    ['U+0000 in an id', { id: 'a\0', steps: [] }],
    ['a long description', { description: 'x'.repeat(10_001), definition: { steps: [] } }],
    ['many tags', { tags: Array.from({ length: 51 }, String), definition: { steps: [] } }],
    ['a long tag', { tags: ['x'.repeat(101)], definition: { steps: [] } }],
    ['a definition that is text', { definition: '{"steps":[]}' }],
    ['malformed JSON', '{"definition":{"steps":[]}'],
    ['a deep document', `{"definition":{"steps":[],"context":${'{"a":'.repeat(200)}1${'}'.repeat(200)}}}`],
    ['endless brackets', `{"definition":${'['.repeat(1e6)}${']'.repeat(1e6)}}`],
  ])('refuse %s', async (_, body) => {
    const answer = await send('POST', '/v1/workflows', { as: 'odd', body });
    expect(answer.status, answer.text).toBe(400);
    expect(answer.body.code).toMatch(/^[A-Z_]+$/);
    expect((await send('GET', '/v1/workflows', { as: 'odd' })).body.items).toEqual([]);
  });

  it('keep of a bare document what no text should be in the document alone', async () => {
    const { name, description } = (await create({ id: 'odd', name: 'a\ud800', description: 'b\0', steps: [] })).body;
    expect({ name, description }).toEqual({ name: 'a\ufffd', description: null });
  });
});

describe('a document', () => {
  const odd = '{ "steps":[ {"id":"__proto__","zzz":1.0,"kind":{"type":"checkpoint","message":"\\u00e9\\/ü😀"},\n\t"constructor": {"__proto__":[1E2, -0.0, 12345678901234567890]} }],\r\n  "id" : "odd", "id": "odd\\u0041" , "b":1,"a":2 }';

  it('is answered byte for byte as it was sent', async () => {
    const made = await create(`{"name":"odd", "definition":{"steps":[]}, "definition" :  ${odd}  ,"tags":[]}`);
    expect(made.text).toContain(`"definition":${odd}`);
    expect(made.body).toMatchObject({ definition_id: 'oddA', step_count: 1 });
    const { id } = made.body;
    expect((await send('GET', `/v1/workflows/${id}`, { as: 'ann' })).text).toContain(`"definition":${odd}`);
    const alone = await send('GET', `/v1/workflows/${id}/definition`, { as: 'ann' });
    expect(alone.text).toBe(odd);
    expect(alone.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect((await send('GET', `/v1/workflows/${id}/versions/1`, { as: 'ann' })).text).toContain(`"definition":${odd}`);
    const clone = await send('POST', `/v1/workflows/${id}/clone`, { as: 'ann' });
    expect((await send('GET', `/v1/workflows/${clone.body.id}/definition`, { as: 'ann' })).text).toBe(odd);
  });

  it('is also kept with what is around it when it is sent alone', async () => {
    const { id } = (await create(` ${odd}\n\n`)).body;
    expect((await send('GET', `/v1/workflows/${id}/definition`, { as: 'ann' })).text).toBe(` ${odd}\n\n`);
  });

  it('may have 2 MB', async () => {
    const many = Array.from({ length: 5_000 }, (_, index) => `{"id":"s${index}","kind":{"type":"checkpoint","message":"${'x'.repeat(100)}"}}`);
    const document = `{"id":"big","steps":[${many.join(`,${' '.repeat(250)}`)}]}`;
    expect(document.length).toBeGreaterThan(2_000_000);
    const { id, step_count } = (await create(`{"definition":${document}}`)).body;
    expect(step_count).toBe(5_000);
    expect((await send('GET', `/v1/workflows/${id}/definition`, { as: 'ann' })).text === document).toBe(true);
  });

  it('that is too large is refused as such', async () => {
    const body = { definition: { steps: [], context: { x: 'x'.repeat(1_600_000) } } };
    expect(await send('POST', '/v1/workflows', { as: 'ann', body })).toMatchObject({ status: 413, body: { code: 'DOCUMENT_TOO_LARGE' } });
    expect(await send('POST', '/v1/workflows', { as: 'ann', body: { x: 'x'.repeat(9_000_000) } })).toMatchObject({ status: 413, body: { code: 'BODY_TOO_LARGE' } });
  });

  it('can be checked without being kept', async () => {
    const check = (body: unknown) => send('POST', '/v1/workflows/validate', { as: 'checker:workflows:read', body });
    expect(await check({ id: 'x', steps: steps() })).toMatchObject({ status: 200, body: { valid: true, problems: [] } });
    expect(await check('{\n  "steps": [{"id":"a","kind":{"type":"no"}}]}')).toMatchObject({ status: 200, body: { valid: false, problems: [{ severity: 'error', code: 'UNKNOWN_KIND', path: '$.steps[0].kind.type', line: 2 }] } });
    expect(await check('[]')).toMatchObject({ status: 200, body: { valid: false, problems: [{ code: 'NOT_A_WORKFLOW' }] } });
    expect((await check(undefined)).status).toBe(400);
    expect((await send('GET', '/v1/workflows', { as: 'checker' })).body.items).toEqual([]);
  });
});

describe('a change', () => {
  it('of a name or of tags makes a version too, so that two at once do not undo each other', async () => {
    const id = await newId();
    const patch = (version: number, body: object) => send('PATCH', `/v1/workflows/${id}`, { as: 'ann', headers: { 'if-match': `"${version}"` }, body });
    const renamed = await patch(1, { name: 'New', note: 'named' });
    expect(renamed).toMatchObject({ status: 200, body: { version: 2, name: 'New', definition: { id: 'd', steps: steps() } } });
    expect(renamed.headers.get('etag')).toBe('"2"');
    for (const body of [{ name: 'Other' }, { tags: ['x'] }, { is_public: true }, { is_template: true }]) expect(await patch(1, body)).toMatchObject({ status: 412, body: { code: 'VERSION_CONFLICT' } });
    expect((await patch(2, { name: 'New', tags: [], is_public: false, definition: { id: 'd', steps: steps() } })).headers.get('etag')).toBe('"2"');
    expect((await patch(2, { name: 'New', tags: ['x'] })).headers.get('etag')).toBe('"3"');
    const { items } = (await send('GET', `/v1/workflows/${id}/versions`, { as: 'ann' })).body;
    expect(items).toMatchObject([{ version: 3 }, { version: 2, note: 'named', author: 'ann', content_hash: items[2].content_hash }, { version: 1 }]);
    expect((await send('GET', `/v1/workflows/${id}/definition?version=2`, { as: 'ann' })).body).toEqual({ id: 'd', steps: steps() });
    expect((await send('GET', `/v1/workflows/${id}/diff?from=1&to=2`, { as: 'ann' })).body).toMatchObject({ steps: { changed: [] }, differences: [] });
  });

  it('that deletes is refused when it was made on an older version', async () => {
    const id = await newId();
    await send('PATCH', `/v1/workflows/${id}`, { as: 'ann', body: { tags: ['kept'] } });
    const remove = (version: string) => send('DELETE', `/v1/workflows/${id}`, { as: 'ann', headers: { 'if-match': version } });
    expect(await remove('"1"')).toMatchObject({ status: 412, body: { code: 'VERSION_CONFLICT' } });
    expect((await remove('"x"')).status).toBe(400);
    expect((await send('GET', `/v1/workflows/${id}`, { as: 'ann' })).body.tags).toEqual(['kept']);
    expect((await remove('"2"')).status).toBe(204);
  });

  it('of an older version is refused with the newest, and loses nothing', async () => {
    const id = await newId();
    const change = (mark: string, headers: Record<string, string>, more = {}) =>
      send('PUT', `/v1/workflows/${id}`, { as: 'ann', headers, body: { definition: { id: 'd', steps: steps(mark) }, ...more } });
    expect((await change('a', { 'if-match': '"1"' })).body.version).toBe(2);
    const stale = await change('b', { 'if-match': '"1"' });
    expect(stale).toMatchObject({ status: 412, body: { code: 'VERSION_CONFLICT', detail: expect.stringMatching(/version 2/) } });
    expect((await change('b', {}, { version: 1 })).status).toBe(409);
    expect((await send('PATCH', `/v1/workflows/${id}`, { as: 'ann', body: { name: 'b', version: 1 } })).status).toBe(409);
    expect((await send('POST', `/v1/workflows/${id}/restore`, { as: 'ann', headers: { 'if-match': '"1"' }, body: { version: 1 } })).status).toBe(412);
    expect((await send('GET', `/v1/workflows/${id}`, { as: 'ann' })).body).toMatchObject({ version: 2, name: 'd', definition: { steps: steps('a') } });
    expect((await change('c', {}, { version: 2 })).body.version).toBe(3);
    expect((await change('d', { 'if-match': 'W/"3"' })).body.version).toBe(4);
    expect((await change('e', { 'if-match': '*' })).body.version).toBe(5);
    expect((await change('f', {})).body.version).toBe(6);
    for (const odd of ['"x"', '"0"', '"1", "2"', '"99999999999"']) expect(await change('x', { 'if-match': odd })).toMatchObject({ status: 400, body: { code: 'BAD_REQUEST' } });
  });

  it('wins alone among many at once', async () => {
    const id = await newId();
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) => send('PUT', `/v1/workflows/${id}`, { as: 'ann', headers: { 'if-match': '"1"' }, body: { definition: { steps: steps(`${index}`) } } })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 9 }, () => 412)]);
  });

  it('makes versions that can be listed, compared and restored', async () => {
    const id = await newId({ note: 'one' });
    await send('PUT', `/v1/workflows/${id}`, { as: 'ann', body: { definition: { id: 'd', steps: [...steps('two'), { ...steps()[0], id: 'new' }] }, note: 'two' } });
    const versions = await send('GET', `/v1/workflows/${id}/versions?limit=1`, { as: 'ann' });
    expect(versions.body.items).toMatchObject([{ version: 2, note: 'two', author: 'ann' }]);
    expect((await send('GET', `/v1/workflows/${id}/versions?cursor=${versions.body.next_cursor}`, { as: 'ann' })).body).toMatchObject({ items: [{ version: 1, note: 'one' }] });
    expect((await send('GET', `/v1/workflows/${id}/versions/1`, { as: 'ann' })).body).toMatchObject({ version: 1, definition: { steps: steps() } });
    expect((await send('GET', `/v1/workflows/${id}/definition?version=1`, { as: 'ann' })).body).toEqual({ id: 'd', steps: steps() });
    expect((await send('GET', `/v1/workflows/${id}/diff?from=1&to=2`, { as: 'ann' })).body).toEqual({
      from: 1,
      to: 2,
      steps: { added: ['new'], removed: [], changed: [{ id: 'say', differences: [{ path: '$.kind.message', change: 'changed', before: 'hi', after: 'two' }] }], reordered: false },
      differences: [],
    });
    expect((await send('POST', `/v1/workflows/${id}/restore`, { as: 'ann', body: { version: 1 } })).body).toMatchObject({ version: 3, definition: { steps: steps() } });
    for (const path of ['versions/9', 'versions/99999999999', 'diff?from=1&to=9', 'definition?version=9']) expect((await send('GET', `/v1/workflows/${id}/${path}`, { as: 'ann' })).status).toBe(404);
    for (const path of ['versions/0', 'versions/x', 'diff?from=1', 'versions?limit=0', 'versions?limit=1001', 'versions?cursor=x']) expect((await send('GET', `/v1/workflows/${id}/${path}`, { as: 'ann' })).status).toBe(400);
  });
});

describe('others', () => {
  it('do not see what is private', async () => {
    const id = await newId();
    const body = { definition: { steps: [] } };
    const requests: [string, string, unknown?][] = [
      ['GET', ''],
      ['GET', '/definition'],
      ['PUT', '', body],
      ['PATCH', '', { name: 'x' }],
      ['DELETE', ''],
      ['GET', '/versions'],
      ['GET', '/versions/1'],
      ['GET', '/diff?from=1&to=1'],
      ['POST', '/restore', { version: 1 }],
      ['POST', '/star'],
      ['DELETE', '/star'],
      ['POST', '/clone'],
      ['GET', '/shares'],
      ['PUT', '/shares/bob', { role: 'edit' }],
      ['DELETE', '/shares/bob'],
    ];
    for (const [method, path, sent] of requests) {
      for (const target of [id, 'no-such', '%00', '00000000-0000-7000-8000-000000000000']) {
        const answer = await send(method, `/v1/workflows/${target}${path}`, { as: 'bob', ...(sent === undefined ? {} : { body: sent }) });
        expect(answer, `${method} ${target}${path}`).toMatchObject({ status: 404, body: { code: 'WORKFLOW_NOT_FOUND' } });
      }
      expect((await send(method, `/v1/workflows/${id}${path}`, { as: null, ...(sent === undefined ? {} : { body: sent }) })).status).toBe(401);
    }
    expect((await send('GET', '/v1/workflows?limit=1000', { as: 'bob' })).text).not.toContain(id);
    expect((await send('GET', '/v1/workflows/public?limit=1000', { as: 'bob' })).text).not.toContain(id);
    expect((await send('GET', `/v1/workflows/${id}`, { as: 'root:admin' })).body).toMatchObject({ role: 'owner', is_owner: false });
  });

  it('need the scope', async () => {
    const id = await newId();
    expect((await send('GET', `/v1/workflows/${id}`, { as: 'ann:runs:read' })).status).toBe(403);
    expect((await send('GET', `/v1/workflows/${id}`, { as: 'ann:runs:read,workflows:read' })).status).toBe(200);
    expect((await send('PUT', `/v1/workflows/${id}`, { as: 'ann:workflows:read', body: { name: 'x' } })).status).toBe(403);
    expect((await send('POST', '/v1/workflows', { as: 'ann:workflows:read', body: { steps: [] } })).status).toBe(403);
  });

  it('may do what their role allows', async () => {
    const id = await newId();
    expect((await send('PUT', `/v1/workflows/${id}/shares/bob%20b%C3%B6b`, { as: 'ann', body: { role: 'read' } })).body).toMatchObject({ user_id: 'bob böb', role: 'read' });
    await send('PUT', `/v1/workflows/${id}/shares/bob`, { as: 'ann', body: { role: 'read' } });
    expect((await send('GET', `/v1/workflows/${id}/shares`, { as: 'ann' })).body.items).toHaveLength(2);
    expect((await send('GET', `/v1/workflows/${id}`, { as: 'bob' })).body).toMatchObject({ role: 'read', is_owner: false });
    expect(await send('PUT', `/v1/workflows/${id}`, { as: 'bob', body: { name: 'x' } })).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } });
    await send('PUT', `/v1/workflows/${id}/shares/bob`, { as: 'ann', body: { role: 'edit' } });
    expect((await send('PUT', `/v1/workflows/${id}`, { as: 'bob', body: { name: 'x' } })).body).toMatchObject({ name: 'x', role: 'edit' });
    for (const [method, path] of [['GET', '/shares'], ['DELETE', ''], ['DELETE', '/shares/bob']] as const) expect((await send(method, `/v1/workflows/${id}${path}`, { as: 'bob' })).status).toBe(403);
    expect((await send('PATCH', `/v1/workflows/${id}`, { as: 'bob', body: { is_public: true } })).status).toBe(403);
    expect((await send('PUT', `/v1/workflows/${id}/shares/bob`, { as: 'ann', body: { role: 'owner' } })).status).toBe(400);
    expect((await send('PUT', `/v1/workflows/${id}/shares/%00`, { as: 'ann', body: { role: 'read' } })).status).toBe(400);
    expect((await send('DELETE', `/v1/workflows/${id}/shares/bob`, { as: 'ann' })).status).toBe(204);
    expect((await send('GET', `/v1/workflows/${id}`, { as: 'bob' })).status).toBe(404);
  });

  it('star and clone what is public', async () => {
    const id = await newId({ name: 'Open', is_public: true, is_template: true });
    expect((await send('POST', `/v1/workflows/${id}/star`, { as: 'bob' })).body).toMatchObject({ is_starred: true, star_count: 1, role: 'run' });
    expect((await send('POST', `/v1/workflows/${id}/star`, { as: 'bob' })).body).toMatchObject({ star_count: 1 });
    expect((await send('GET', '/v1/workflows/starred', { as: 'bob' })).body.items).toMatchObject([{ id, is_starred: true, is_owner: false, status: 'pending', step_count: 1 }]);
    expect((await send('GET', '/v1/workflows/public?is_template=true', { as: 'carl' })).body.items).toContainEqual(expect.objectContaining({ id, is_starred: false }));
    expect((await send('DELETE', `/v1/workflows/${id}/star`, { as: 'bob' })).body).toMatchObject({ is_starred: false, star_count: 0 });
    const clone = await send('POST', `/v1/workflows/${id}/clone`, { as: 'bob' });
    expect(clone).toMatchObject({ status: 201, body: { name: 'Open (copy)', owner: 'bob', is_public: false, is_template: false, star_count: 0, clone_count: 0, cloned_from: id, version: 1 } });
    expect(clone.headers.get('location')).toBe(`/v1/workflows/${clone.body.id}`);
    expect((await send('POST', `/v1/workflows/${id}/clone`, { as: 'bob', body: { name: 'Mine' } })).body.name).toBe('Mine');
    expect((await send('GET', `/v1/workflows/${id}`, { as: 'ann' })).body.clone_count).toBe(2);
  });
});

describe('lists', () => {
  it('are searched, filtered and paged', async () => {
    const as = 'lister';
    for (let index = 0; index < 5; index++) await newId({ name: `List ${index}`, tags: [index % 2 === 0 ? 'even' : 'odd', 'a,b'], description: 'Sends invoices' }, as);
    const names = async (query: string) => (await send('GET', `/v1/workflows?${query}`, { as })).body.items.map(({ name }: { name: string }) => name);
    expect(await names('')).toEqual(['List 4', 'List 3', 'List 2', 'List 1', 'List 0']);
    expect(await names('limit=2&offset=1')).toEqual(['List 3', 'List 2']);
    expect(await names('search=list+3')).toEqual(['List 3']);
    expect(await names('search=INVOI')).toHaveLength(5);
    expect(await names(`search=${encodeURIComponent("';--\\ %_ & | ! :*")}`)).toEqual([]);
    expect(await names('tags=odd')).toEqual(['List 3', 'List 1']);
    expect(await names('tags=odd&tags=even')).toHaveLength(5);
    expect(await names('tags=odd,none')).toHaveLength(2);
    expect(await names(`tags=${encodeURIComponent('a,b')}`)).toHaveLength(5);
    expect(await names('is_public=true')).toEqual([]);
    expect(await names('is_template=false&is_public=false')).toHaveLength(5);
    for (const query of ['limit=0', 'limit=1001', 'limit=x', 'offset=-1', 'is_public=maybe', 'cursor=x', 'search=%00', 'tags=%00', `search=${'x'.repeat(201)}`]) {
      expect((await send('GET', `/v1/workflows?${query}`, { as })).status, query).toBe(400);
    }
    const { body } = await send('GET', '/v1/workflows', { as });
    expect(body).not.toHaveProperty('next_cursor');
    expect(body.items[0]).not.toHaveProperty('definition');
  });

  it('give each workflow once while others are changed', async () => {
    const as = 'pager';
    const ids = [];
    for (let index = 0; index < 6; index++) ids.push(await newId({ name: `P${index}` }, as));
    const seen: string[] = [];
    for (let query = 'limit=2'; ; ) {
      const { body } = await send('GET', `/v1/workflows?${query}`, { as });
      seen.push(...body.items.map(({ name }: { name: string }) => name));
      if (body.next_cursor === undefined) break;
      query = `limit=2&cursor=${body.next_cursor}`;
      await send('PATCH', `/v1/workflows/${ids[5]}`, { as, body: { description: `after ${seen.length}` } });
    }
    expect(seen).toEqual(['P5', 'P4', 'P3', 'P2', 'P1', 'P0']);
  });
});

describe('a client of distri', () => {
  it('works with its own requests', async () => {
    const as = 'distri';
    // What it creates, with fields that it does not set as null.
    const definition = { id: 'pipeline', workflow_type: 'dag', status: 'pending', current_step: 0, context: {}, notes: [], steps: [{ ...steps()[0], status: 'pending', result: null, error: null, requires: [], depends_on: [], execution: 'sequential' }] };
    const made = await create({ name: 'Pipeline', description: null, definition, tags: [], is_public: false, is_template: false }, as);
    const { id } = made.body;
    for (const key of ['id', 'name', 'description', 'definition', 'tags', 'is_public', 'is_template', 'star_count', 'clone_count', 'created_at', 'updated_at']) expect(made.body).toHaveProperty(key);
    expect(made.body.definition).toEqual(definition);
    // A partial update: what is null stays.
    const updated = await send('PUT', `/v1/workflows/${id}`, { as, body: { name: null, description: 'Now with words', definition: null, tags: ['etl'], is_public: true, is_template: null } });
    expect(updated).toMatchObject({ status: 200, body: { name: 'Pipeline', description: 'Now with words', tags: ['etl'], is_public: true, version: 2, definition } });
    // The whole record, sent back.
    expect((await send('PUT', `/v1/workflows/${id}`, { as, body: { ...updated.body, name: 'Renamed' } })).body).toMatchObject({ name: 'Renamed', version: 3 });
    const { body } = await send('GET', '/v1/workflows?is_public=true&is_template=false&tags=etl&search=WORDS&limit=100&offset=0', { as });
    expect(body.items).toHaveLength(1);
    for (const key of ['id', 'name', 'description', 'tags', 'is_public', 'is_template', 'star_count', 'clone_count', 'created_at', 'updated_at', 'is_owner', 'is_starred', 'status', 'step_count']) expect(body.items[0]).toHaveProperty(key);
    expect(body.items[0]).toMatchObject({ is_owner: true, is_starred: false, status: 'pending', step_count: 1 });
    expect((await send('DELETE', `/v1/workflows/${id}`, { as })).status).toBe(204);
  });
});

describe('triggers', () => {
  const withWebhook = (path: string) => ({ id: 't', steps: steps(), entry_points: [{ id: 'main', starts_at: 'say', triggers: [{ type: 'webhook', path, auth: { type: 'none' } }] }] });
  const at = async (path: string) => (await platform().store.triggers.webhookAt(path))?.workflowId;

  it('follow what is saved, restored and deleted', async () => {
    const id = await newId({ definition: withWebhook('first') });
    expect(await at('first')).toBe(id);
    await send('PUT', `/v1/workflows/${id}`, { as: 'ann', body: { definition: withWebhook('second') } });
    expect([await at('first'), await at('second')]).toEqual([undefined, id]);
    await send('POST', `/v1/workflows/${id}/restore`, { as: 'ann', body: { version: 1 } });
    expect([await at('first'), await at('second')]).toEqual([id, undefined]);
    const clone = await send('POST', `/v1/workflows/${id}/clone`, { as: 'ann' });
    expect(clone.status).toBe(201);
    expect(await at('first')).toBe(id);
    await send('DELETE', `/v1/workflows/${id}`, { as: 'ann' });
    expect(await at('first')).toBeUndefined();
  });

  it('that cannot be set up are refused, and nothing is saved', async () => {
    await newId({ definition: withWebhook('mine') });
    expect(await send('POST', '/v1/workflows', { as: 'thief', body: withWebhook('mine') })).toMatchObject({ status: 400, body: { code: 'BAD_TRIGGER' } });
    expect((await send('GET', '/v1/workflows', { as: 'thief' })).body.items).toEqual([]);
    const id = await newId({}, 'thief');
    expect((await send('PUT', `/v1/workflows/${id}`, { as: 'thief', body: { definition: withWebhook('mine') } })).body.code).toBe('BAD_TRIGGER');
    expect((await send('GET', `/v1/workflows/${id}`, { as: 'thief' })).body.version).toBe(1);
  });

  it('are checked with the document that is only checked, as those of a new workflow or of one that there is', async () => {
    const document = { ...withWebhook('checked'), more: 1 };
    const check = (as: string, query = '') => send('POST', `/v1/workflows/validate${query}`, { as, body: document });
    const warning = { severity: 'warning', code: 'UNKNOWN_FIELD' };
    expect(await check('ann')).toMatchObject({ status: 200, body: { valid: true, problems: [warning] } });
    const id = await newId({ definition: document });
    expect(await check('ann')).toMatchObject({ status: 200, body: { valid: false, problems: [warning, { code: 'BAD_TRIGGER', path: '$.entry_points[0].triggers[0].path' }] } });
    expect(await check('ann', `?workflow_id=${id}`)).toMatchObject({ status: 200, body: { valid: true } });
    expect(await check('bob', `?workflow_id=${id}`)).toMatchObject({ status: 404, body: { code: 'WORKFLOW_NOT_FOUND' } });
  });
});

it('is all in the OpenAPI document', async () => {
  const { body, text } = await send('GET', '/openapi.json');
  const { paths } = body;
  expect(paths, text).toBeDefined();
  for (const [path, methods] of Object.entries({
    '/v1/workflows': ['get', 'post'],
    '/v1/workflows/public': ['get'],
    '/v1/workflows/starred': ['get'],
    '/v1/workflows/validate': ['post'],
    '/v1/workflows/{id}': ['get', 'put', 'patch', 'delete'],
    '/v1/workflows/{id}/definition': ['get'],
    '/v1/workflows/{id}/versions': ['get'],
    '/v1/workflows/{id}/versions/{version}': ['get'],
    '/v1/workflows/{id}/diff': ['get'],
    '/v1/workflows/{id}/restore': ['post'],
    '/v1/workflows/{id}/star': ['post', 'delete'],
    '/v1/workflows/{id}/clone': ['post'],
    '/v1/workflows/{id}/shares': ['get'],
    '/v1/workflows/{id}/shares/{user_id}': ['put', 'delete'],
  })) {
    expect(Object.keys(paths[path] ?? {}), path).toEqual(expect.arrayContaining(methods));
  }
});
