import { describe, expect, it } from 'vitest';
import { openApiDocument } from '../../src/server/openapi-document.js';
import { isObject, type JsonObject, type JsonValue } from '../../src/definition/json.js';
import { sharedPlatform } from './stage.js';

const platform = sharedPlatform({ worker: {} });
const document = (await openApiDocument()) as JsonObject & { paths: JsonObject; components: JsonObject; tags: { name: string }[] };
const METHODS = ['get', 'put', 'post', 'patch', 'delete', 'head'] as const;
type Operation = { operationId?: string; tags?: string[]; security?: JsonValue[]; responses: JsonObject; parameters?: { in: string; name: string }[] };
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  METHODS.flatMap((method) => {
    const operation = (item as JsonObject)[method] as unknown as Operation | undefined;
    return operation === undefined ? [] : [{ path, method, operation, url: path.replace(/\{(\w+)\}/g, (_, name: string) => (name === 'version' ? '1' : 'nothing')) }];
  }),
);
/** Their queries are those of others. */
const isFree = (path: string): boolean => path.includes('webhook') || path.endsWith('/callback') || !path.startsWith('/v1/');

function* nodes(value: JsonValue): Generator<JsonObject> {
  if (typeof value !== 'object' || value === null) return;
  if (isObject(value)) yield value;
  for (const member of Object.values(value)) yield* nodes(member);
}

describe('the OpenAPI document', () => {
  it('has references that lead somewhere, and nothing that only we understand', () => {
    for (const node of nodes(document)) {
      if (typeof node['$ref'] === 'string') {
        const target = node['$ref'].replace(/^#\//, '').split('/').reduce<JsonValue | undefined>((at, part) => (isObject(at) ? at[part] : undefined), document);
        expect(target, node['$ref']).toBeDefined();
      }
      expect(typeof node['widget']).not.toBe('string');
    }
  });

  it('says of each operation what it is called, who may do it, and which errors it answers', () => {
    expect(operations.length).toBeGreaterThan(60);
    expect(new Set(operations.map(({ operation }) => operation.operationId)).size).toBe(operations.length);
    const tags = new Set(document.tags.map(({ name }) => name));
    for (const { path, operation } of operations) {
      expect(operation.operationId, path).toMatch(/^[a-z]\w+$/);
      for (const tag of operation.tags ?? []) expect(tags, path).toContain(tag);
      const statuses = Object.keys(operation.responses);
      expect(statuses.every((status) => /^[1-5]\d\d$/.test(status)), `${path}: ${statuses.join()}`).toBe(true);
      const isOpen = operation.security?.length === 0;
      if (!isOpen && path.startsWith('/v1/')) expect(statuses, path).toEqual(expect.arrayContaining(['401', '403', '429', '500', '503']));
    }
    const open = operations.filter(({ operation }) => operation.security?.length === 0).map(({ path }) => path);
    expect(open).toEqual(expect.arrayContaining(['/healthz', '/readyz', '/v1/connections/begin', '/v1/connections/callback', '/v1/workflows/webhook/{path}']));
  });
});

describe('each operation', () => {
  it.each(operations.filter(({ path }) => !isFree(path)))('$method $path refuses a parameter that it does not know', async ({ method, url }) => {
    const answer = await platform().send(method.toUpperCase(), `${url}?serach=x`, { ...(method === 'get' || method === 'head' ? {} : { body: {} }) });
    expect(answer.status, answer.text).toBe(400);
  });

  it.each([...new Set(operations.filter(({ path }) => !isFree(path)).map(({ path }) => path))])('%s says which methods it takes', async (path) => {
    const at = operations.filter((each) => each.path === path);
    const url = at[0]?.url ?? '';
    const options = await platform().send('OPTIONS', url);
    expect(options.status).toBe(204);
    const allowed = options.headers.get('allow')?.split(', ') ?? [];
    for (const { method } of at) expect(allowed).toContain(method.toUpperCase());
    const other = ['DELETE', 'PUT', 'PATCH'].find((method) => !allowed.includes(method));
    if (other === undefined) return;
    expect(await platform().send(other, url, { body: {} })).toMatchObject({ status: 405, body: { code: 'METHOD_NOT_ALLOWED' } });
  });
});

describe('bodies and conditions', () => {
  const content = { id: 'c', steps: [{ id: 's', kind: { type: 'checkpoint', message: 'x' } }] };

  it('with a field that nobody knows are refused', async () => {
    const { body: saved } = await platform().send('POST', '/v1/workflows', { body: content });
    const wrong: [string, string, object][] = [
      ['POST', `/v1/workflows/${saved.id}/run`, { inputs: {} }],
      ['POST', '/v1/events', { topic: 't', payload: {} }],
      ['POST', '/v1/workflows', { definition: content, naem: 'x' }],
      ['PATCH', `/v1/workflows/${saved.id}`, { is_publik: true }],
      ['PUT', `/v1/workflows/${saved.id}/shares/bob`, { role: 'run', until: 5 }],
      ['POST', `/v1/workflows/${saved.id}/clone`, { nam: 'x' }],
    ];
    for (const [method, url, body] of wrong) expect((await platform().send(method, url, { body })).status, `${method} ${url}`).toBe(400);
    for (const query of ['offset=', 'limit=', 'offset=1.5', 'limit=%20', 'limit=1e2', 'limit=0x10']) expect((await platform().send('GET', `/v1/workflows?${query}`)).status, query).toBe(400);
  });

  it('take back a record as it was got', async () => {
    const { body: saved } = await platform().send('POST', '/v1/workflows', { body: content });
    const { body: record } = await platform().send('GET', `/v1/workflows/${saved.id}`);
    expect((await platform().send('PUT', `/v1/workflows/${saved.id}`, { body: { ...record, name: 'other' } })).body).toMatchObject({ name: 'other' });
  });

  it('are 412 and 304 as HTTP has them', async () => {
    const { body: saved } = await platform().send('POST', '/v1/workflows', { body: content });
    const at = `/v1/workflows/${saved.id}`;
    const { headers } = await platform().send('GET', at);
    const etag = headers.get('etag') ?? '';
    expect((await platform().send('PATCH', at, { body: { name: 'a' }, headers: { 'if-match': '"99"' } })).status).toBe(412);
    expect((await platform().send('PATCH', at, { body: { name: 'a', version: 99 } })).status).toBe(409);
    for (const path of [at, `${at}/definition`]) {
      expect(await platform().send('GET', path, { headers: { 'if-none-match': `"x", ${etag}` } })).toMatchObject({ status: 304, text: '' });
      expect((await platform().send('GET', path, { headers: { 'if-none-match': '"x"' } })).status).toBe(200);
    }
  });
});
