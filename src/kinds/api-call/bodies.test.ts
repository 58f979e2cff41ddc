import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { activityContext } from '../../../test/support/activity-context.js';
import type { JsonObject, JsonValue } from '../../definition/json.js';
import type { ConfigOf } from '../schemas.js';
import { createApiCall } from './activity.js';

type Config = Partial<ConfigOf<'api_call'>>;

let answer: { type?: string; bytes: Buffer; headers?: { [name: string]: string | string[] }; status?: number } = { bytes: Buffer.alloc(0) };
let received: { url: string; type: string | undefined; bytes: Buffer } = { url: '', type: undefined, bytes: Buffer.alloc(0) };
const server = createServer((request: IncomingMessage, response: ServerResponse) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    received = { url: request.url ?? '', type: request.headers['content-type'], bytes: Buffer.concat(chunks) };
    const { type, bytes, headers, status = 200 } = answer;
    response.writeHead(status, { ...(type === undefined ? {} : { 'content-type': type }), ...headers }).end(bytes);
  });
});
const apiCall = createApiCall({ privateAddresses: 'allow' });
let url = '';
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/x`;
});
afterAll(async () => {
  await apiCall.close();
  server.close();
});

async function call(config: Config = {}, context = activityContext()): Promise<JsonObject> {
  return (await apiCall({ type: 'api_call', method: 'POST', url, ...config }, context)) as JsonObject;
}

async function get(given: typeof answer, config: Config = {}): Promise<JsonValue> {
  answer = given;
  return (await call({ method: 'GET', ...config })).body ?? null;
}

const PNG = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');

describe('bytes', () => {
  it('come as a blob and go out as they came', async () => {
    const blob = await get({ type: 'image/png', bytes: PNG });
    expect(blob).toEqual({ $blob: createHash('sha256').update(PNG).digest('hex'), content_type: 'image/png', bytes: PNG.length, base64: PNG.toString('base64') });
    await call({ body: blob });
    expect(received).toMatchObject({ type: 'image/png', bytes: PNG });
    await call({ body: blob, headers: { 'Content-Type': 'application/x-mine' } });
    expect(received).toMatchObject({ type: 'application/x-mine', bytes: PNG });
  });

  it('and texts pass through two calls unharmed, under any content type', async () => {
    const types = fc.constantFrom(undefined, 'image/png', 'application/octet-stream', 'application/pdf', 'application/x-thing', 'text/plain', 'text/csv; charset=utf-8', 'application/xml');
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array)),
      // A byte order mark is none of a text.
      fc.string({ unit: 'grapheme' }).filter((text) => !text.startsWith('\ufeff')).map((text) => Buffer.from(text)),
    );
    await fc.assert(
      fc.asyncProperty(types, bytes, async (type, given) => {
        fc.pre(!isMarked(given));
        const body = await get({ ...(type === undefined ? {} : { type }), bytes: given });
        expect(JSON.stringify(body)).toBe(JSON.stringify(JSON.parse(JSON.stringify(body))));
        await call({ body });
        expect(received.bytes.equals(given), `${type}: ${given.toString('hex')}`).toBe(true);
      }),
      { numRuns: 150 },
    );
  });

  it('are refused when they are not those of the hash, before anything is sent', async () => {
    const blob = (await get({ type: 'image/png', bytes: PNG })) as JsonObject;
    received = { ...received, url: 'nothing' };
    await expect(call({ body: { ...blob, base64: 'AAAA' } })).rejects.toMatchObject({ code: 'BAD_BODY' });
    expect(received.url).toBe('nothing');
  });
});

/** Begins with a byte order mark. */
function isMarked(bytes: Buffer): boolean {
  return /^(efbbbf|fffe|feff)/.test(bytes.toString('hex'));
}

describe('text', () => {
  it.each([
    ['text/plain; charset=iso-8859-1', Buffer.from('caf\xe9', 'latin1'), 'café'],
    ['text/plain; charset="UTF-16LE"', Buffer.from('café', 'utf16le'), 'café'],
    ['text/plain', Buffer.from('\ufeffcafé', 'utf16le'), 'café'],
    ['text/html; charset=shift_jis', Buffer.from('93fa967b', 'hex'), '日本'],
    ['application/json; charset=utf-16be', Buffer.from('{"a":"é"}', 'utf16le').swap16(), { a: 'é' }],
    ['text/xml', Buffer.from('<?xml version="1.0" encoding="ISO-8859-1"?><a>\xe9</a>', 'latin1'), '<?xml version="1.0" encoding="ISO-8859-1"?><a>é</a>'],
    ['text/plain; charset=nonsense', Buffer.from('café'), 'café'],
  ])('is read in the charset of %s', async (type, bytes, expected) => {
    expect(await get({ type, bytes })).toEqual(expected);
  });

  it('that is none in its charset is a blob', async () => {
    for (const type of ['text/plain', 'application/json', undefined]) {
      const bytes = Buffer.from('caf\xe9', 'latin1');
      expect(await get({ ...(type === undefined ? {} : { type }), bytes })).toMatchObject({ bytes: 4, base64: bytes.toString('base64') });
    }
  });
});

describe('parse', () => {
  it.each([
    ['json', '{"really":"json"}', { really: 'json' }],
    ['ndjson', '{"a":1}\n\n[2]\r\n', [{ a: 1 }, [2]]],
    ['text', '{"a":1}', '{"a":1}'],
    ['auto', '{"a":1}', '{"a":1}'],
  ] as const)('%s reads a text as that', async (parse, text, expected) => {
    expect(await get({ type: 'text/plain', bytes: Buffer.from(text) }, { parse })).toEqual(expected);
  });

  it.each([
    ['json', Buffer.from('{"a":')],
    ['json', Buffer.alloc(0)],
    ['ndjson', Buffer.from('{}\n{')],
    ['text', PNG],
    ['json', PNG],
  ] as const)('%s fails for anything else', async (parse, bytes) => {
    await expect(get({ type: 'text/plain', bytes }, { parse })).rejects.toMatchObject({ code: 'BAD_ANSWER' });
  });

  it('blob keeps the bytes of a text', async () => {
    expect(await get({ type: 'text/plain', bytes: Buffer.from('a') }, { parse: 'blob' })).toMatchObject({ base64: 'YQ==', content_type: 'text/plain' });
  });
});

it('digits of an answer are kept, or the run is warned', async () => {
  answer = { type: 'application/json', bytes: Buffer.from('{"id":9223372036854775807,"x":1e999}') };
  const context = activityContext();
  expect(await call({}, context)).toMatchObject({ body: { id: '9223372036854775807', x: '1e999' } });
  expect(context.warned.map(({ code }) => code)).toEqual(['INEXACT_NUMBER', 'INEXACT_NUMBER']);
});

describe('a form', () => {
  const form = { grant_type: 'client_credentials', scope: 'a b&c', ids: [1, 2], on: true, none: null };
  const expected = 'grant_type=client_credentials&scope=a+b%26c&ids=1&ids=2&on=true';

  it('is encoded from `form`, or from an object under its content type', async () => {
    for (const config of [{ form }, { body: form, headers: { 'Content-Type': 'application/x-www-form-urlencoded' } }]) {
      await call(config);
      expect(received.bytes.toString()).toBe(expected);
      expect(received.type).toBe('application/x-www-form-urlencoded');
    }
  });

  it('is multipart with a boundary, texts and blobs', async () => {
    const blob = await get({ type: 'image/png', bytes: PNG });
    const multipart = { note: 'a\nb', n: 1, file: { value: blob, filename: 'a.png' }, many: ['x', 'y'] };
    for (const config of [{ multipart }, { body: multipart, headers: { 'content-type': 'multipart/form-data' } }]) {
      await call(config);
      const parsed = await new Response(new Uint8Array(received.bytes), { headers: { 'content-type': received.type ?? '' } }).formData();
      expect(parsed.getAll('many')).toEqual(['x', 'y']);
      expect(parsed.get('n')).toBe('1');
      const file = parsed.get('file') as File;
      expect([file.name, file.type, Buffer.from(await file.arrayBuffer())]).toEqual(['a.png', 'image/png', PNG]);
    }
  });

  it.each<[string, Config]>([
    ['body and form', { body: 'a', form: {} }],
    ['a nested object', { form: { a: { b: 1 } } }],
    ['a list under the content type of a form', { body: [1], headers: { 'Content-Type': 'application/x-www-form-urlencoded' } }],
    ['an object as an image', { body: { a: 1 }, headers: { 'Content-Type': 'image/png' } }],
    ['an object as XML', { body: { a: 1 }, headers: { 'Content-Type': 'application/atom+xml' } }],
    ['a part that is none', { multipart: { a: { b: 1 } } }],
  ])('is refused before it is sent: %s', async (_name, config) => {
    received = { ...received, url: 'nothing' };
    await expect(call(config)).rejects.toMatchObject({ code: 'BAD_BODY' });
    expect(received.url).toBe('nothing');
  });
});

describe('query', () => {
  it('encodes every value, behind what the URL has', async () => {
    answer = { bytes: Buffer.alloc(0) };
    await call({ method: 'GET', query: { search: 'R2-D2 & C-3PO #1' } });
    expect(received.url).toBe('/x?search=R2-D2%20%26%20C-3PO%20%231');
    await call({ method: 'GET', url: `${url}?a=1#there`, query: { b: ['x', 2], c: null, d: true } });
    expect(received.url).toBe('/x?a=1&b=x&b=2&d=true');
    await expect(call({ query: { a: { b: 1 } } })).rejects.toMatchObject({ code: 'BAD_URL' });
  });

  it('gives the service exactly the names and values', async () => {
    const text = fc.string({ unit: 'grapheme' });
    await fc.assert(
      fc.asyncProperty(fc.dictionary(text.filter((name) => name !== '__proto__'), text), async (query) => {
        await call({ method: 'GET', query });
        const expected = Object.entries(query).sort();
        expect([...new URL(received.url, url).searchParams].sort()).toEqual(expected);
      }),
      { numRuns: 100 },
    );
  });
});

describe('the answer', () => {
  it('has the headers that the step asks for', async () => {
    answer = { bytes: Buffer.alloc(0), status: 202, headers: { Location: '/job/1', 'Set-Cookie': ['a=1', 'b=2'], 'X-A': ['1', '2'] } };
    expect((await call({ response_headers: true })).headers).toMatchObject({ location: '/job/1', 'set-cookie': ['a=1', 'b=2'], 'x-a': '1, 2' });
    expect((await call({ response_headers: ['Location', 'x-none'] })).headers).toEqual({ location: '/job/1' });
    expect(await call()).toEqual({ status: 202, body: '' });
  });

  it('is a success with the statuses that the step names', async () => {
    answer = { bytes: Buffer.from('none'), status: 404 };
    for (const ok_statuses of [[404], ['4xx'], ['2xx', '404']]) expect(await call({ ok_statuses })).toEqual({ status: 404, body: 'none' });
    await expect(call({ ok_statuses: ['5xx'] })).rejects.toMatchObject({ code: 'HTTP_STATUS', status: 404 });
    answer = { bytes: Buffer.alloc(0), status: 200 };
    await expect(call({ ok_statuses: [404] })).rejects.toMatchObject({ code: 'HTTP_STATUS', status: 200 });
  });
});
