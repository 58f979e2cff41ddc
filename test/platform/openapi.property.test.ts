import { request } from 'node:http';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import fc, { type Arbitrary } from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codes } from '../../src/definition/codes.js';
import { isObject, type JsonObject, type JsonValue } from '../../src/definition/json.js';
import { openApiDocument } from '../../src/server/openapi-document.js';
import { arbitraryOf, jsonOf, mutated, mutation, nastyText, some } from '../support/arbitraries.js';
import { operationsOf, responseOf, type OpenApi, type Operation, type Parameter } from '../support/openapi.js';
import { sharedPostgres } from '../support/postgres.js';
import { openPlatform, type Platform } from './stage.js';
import { everyTrigger, makeWorld, type World } from './world.js';

/** Requests an operation; more with DISTRI_PROPERTY_REQUESTS. A failure is tried again with DISTRI_PROPERTY_SEED. */
const REQUESTS = Number(process.env['DISTRI_PROPERTY_REQUESTS'] ?? 20);
/** An operation that is slower gets fewer requests. */
const MOST_MS_A_REQUEST = 200;
const SEED = process.env['DISTRI_PROPERTY_SEED'];
/** An answer that takes longer is not waited for: event streams, and runs that a schedule starts. */
const PATIENCE_MS = 6_000;
/** What a server may say that cannot do its work now. */
const UNAVAILABLE = new Set(['NO_WORKER', 'OVERLOADED', 'NO_TEMPORAL_SERVER', 'STORE_UNAVAILABLE']);

const document = (await openApiDocument()) as OpenApi;
const operations = operationsOf(document);

const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: true });
addFormats.default(ajv);
ajv.addSchema(document, 'api:');
const validators = new Map<string, ValidateFunction>();

function validatorOf({ method, path }: Operation, key: string, type: string): ValidateFunction {
  const pointer = ['paths', path, method.toLowerCase(), 'responses', key, 'content', type, 'schema'].map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/');
  const known = validators.get(pointer) ?? ajv.compile({ $ref: `api:#/${pointer}` });
  validators.set(pointer, known);
  return known;
}

interface Sent {
  readonly user: string;
  readonly path: string;
  readonly headers: { readonly [name: string]: string };
  readonly body: string | Buffer | undefined;
}

interface Received {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

/** Sends exactly these bytes, which `fetch` would put right. Undefined: there was no answer in time. */
function sendRaw(url: string, { method }: Operation, { user, path, headers, body }: Sent): Promise<Received | undefined> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
    const sent = request({ hostname, port, method, path, agent: false, headers: { authorization: `Bearer ${user}`, ...length, ...headers }, signal: AbortSignal.timeout(PATIENCE_MS) }, (response) => {
      const type = response.headers['content-type'] ?? '';
      const chunks: Buffer[] = [];
      const end = (): void => resolve({ status: response.statusCode ?? 0, type, text: Buffer.concat(chunks).toString() });
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        if (!type.startsWith('text/event-stream')) return;
        end();
        sent.destroy();
      });
      response.once('end', end);
      response.once('error', end);
    });
    sent.once('error', (error) => (error.name === 'AbortError' ? resolve(undefined) : reject(error)));
    sent.end(body);
  });
}

/** What an id in an address may be: one that there is, or anything. */
function idsFor({ workflowId, runId, checkpointId, triggerId, webhookPath, tokenId, skill, owner }: World, name: string): string[] {
  const known: { [name: string]: string[] } = { id: [workflowId, runId, tokenId], checkpoint_id: [checkpointId], trigger_id: [triggerId], '*': [webhookPath], skill: [skill, 'google:drive'], user_id: ['bob', owner], version: ['1', '2'] };
  return known[name] ?? [];
}

/** Parts of a path that no client should send. */
const RAW_SEGMENTS = ['%ff', '%', '%zz', '%c0%af', '%2e%2e', ';a=b', '::', 'x'.repeat(4_000), '%ED%A0%80'];

function pathOf(operation: Operation, world: World): Arbitrary<string> {
  const names = operation.parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name);
  const anyText = fc.oneof(nastyText.filter((text) => text !== '' && text !== '.' && text !== '..'), fc.string({ unit: 'grapheme', minLength: 1 }));
  const values = names.map((name) => {
    const known = knownIds(operation, world, name);
    const odd = fc.oneof({ weight: 3, arbitrary: anyText.map(escape) }, { weight: 1, arbitrary: fc.constantFrom(...RAW_SEGMENTS) });
    return known.length === 0 ? odd : fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...known).map(escape) }, { weight: 1, arbitrary: odd });
  });
  return fc.tuple(...values).map((given) => names.reduce((path, name, at) => path.replace(`{${name}}`, given[at] ?? ''), operation.path));
}

/** Of a path such as `/v1/runs/{id}` mostly the id of a run. */
function knownIds({ path }: Operation, world: World, name: string): string[] {
  if (name !== 'id') return idsFor(world, name);
  return [path.startsWith('/v1/runs/') ? world.runId : path.startsWith('/v1/tokens/') ? world.tokenId : world.workflowId];
}

/** Percent-encodes all but letters and digits. */
function escape(text: string): string {
  return [...Buffer.from(text)].map((byte) => (/[\w-]/.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : `%${byte.toString(16).padStart(2, '0')}`)).join('');
}

function queryOf({ parameters }: Operation): Arbitrary<string> {
  const named = parameters.filter((parameter) => parameter.in === 'query');
  const text = (schema: JsonObject): Arbitrary<string> => fc.oneof({ weight: 2, arbitrary: arbitraryOf(schema, document).map((value) => (typeof value === 'string' ? value : jsonOf(value))) }, { weight: 1, arbitrary: nastyText });
  const always = named.filter(({ required }) => required === true);
  const pairs = some(named.filter(({ required }) => required !== true)).chain((chosen) => fc.record(Object.fromEntries([...always, ...chosen].map(({ name, schema }) => [name, text(schema)]))));
  const extra = fc.oneof({ weight: 8, arbitrary: fc.constant('') }, { weight: 1, arbitrary: fc.constantFrom('&limit=1&limit=2', '&__proto__=1', '&%', '&cursor=%ff', '&a[b]=c', '&x=%00') });
  return fc.tuple(pairs, extra).map(([given, more]) => {
    const query = Object.entries(given).map(([name, value]) => `${name}=${escape(value)}`).join('&') + more;
    return query === '' ? '' : `?${query}`;
  });
}

/** A header holds one line of Latin-1. */
const headerText = fc.oneof(fc.constantFrom('k', '1', '"1"', '*'), nastyText, fc.string()).map((text) => text.replace(/[^\t -~\u0080-\u00ff]/g, ''));

function headersOf({ parameters }: Operation): Arbitrary<{ [name: string]: string }> {
  const documented = parameters.filter((parameter): parameter is Parameter & { in: 'header' } => parameter.in === 'header').map(({ name }) => name);
  const odd = ['idempotency-key', 'if-match', 'last-event-id', 'accept', 'cookie', 'x-forwarded-for', 'range', 'if-none-match', 'accept-encoding'];
  return fc.oneof(
    { weight: 2, arbitrary: fc.constant({}) },
    { weight: 1, arbitrary: fc.dictionary(fc.constantFrom(...documented, ...odd), headerText, { maxKeys: 2 }) },
  );
}

const RAW_BODIES: readonly (string | Buffer)[] = [
  '', '{', '[]', 'null', '"x"', '1e999', '{"a":1,"a":2}', '\ufeff{}', Buffer.from([0x7b, 0xff, 0x7d]), '['.repeat(50_000), `${'['.repeat(50_000)}${']'.repeat(50_000)}`, `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`,
  `{"definition":${'['.repeat(20_000)}${']'.repeat(20_000)},"value":${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)},"step_id":"ask"}`, '{"__proto__":{"steps":[]}}',
];

function bodyOf({ path, body }: Operation, world: World): Arbitrary<{ text: string | Buffer | undefined; type: string | undefined }> {
  const type = fc.oneof({ weight: 12, arbitrary: fc.constant<string | undefined>('application/json') }, { weight: 1, arbitrary: fc.constantFrom(undefined, 'text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/json; charset=utf-16', 'application/problem+json', 'x') });
  const raw = fc.constantFrom(...RAW_BODIES);
  if (body === undefined) return fc.oneof({ weight: 3, arbitrary: fc.constant({ text: undefined, type: undefined }) }, { weight: 1, arbitrary: fc.record({ text: raw, type }) });
  const definition = fc.nat(1_000_000).map((n) => everyTrigger(`${world.webhookPath}-${n}`) as unknown as JsonValue);
  const record = fc.tuple(arbitraryOf(body, document), definition).map(([value, known]) => withKnown(value, known, world));
  const valid = path.startsWith('/v1/workflows') ? fc.oneof({ weight: 2, arbitrary: record }, { weight: 1, arbitrary: definition }) : record;
  const text = fc.oneof(
    { weight: 3, arbitrary: valid.map(jsonOf) },
    { weight: 4, arbitrary: fc.tuple(valid, fc.array(mutation, { minLength: 1, maxLength: 3 })).map(([value, changes]) => jsonOf(changes.reduce(mutated, value))) },
    { weight: 1, arbitrary: raw },
  );
  return fc.record({ text, type });
}

/** Names what there is, so that a request gets further than its first check. */
function withKnown(value: JsonValue, definition: JsonValue, { topic }: World): JsonValue {
  if (!isObject(value)) return value;
  const known: JsonObject = { step_id: 'ask', topic, definition, ...(Array.isArray(value['from']) ? { from: ['say'] } : {}), version: 1, value: { go: true } };
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, Object.hasOwn(known, key) ? (known[key] ?? null) : each]));
}

function requestsOf(operation: Operation, world: World): Arbitrary<Sent> {
  return fc
    .record({ user: fc.constantFrom(world.owner, 'root:admin', 'bob'), path: pathOf(operation, world), query: queryOf(operation), headers: headersOf(operation), body: bodyOf(operation, world) })
    .map(({ user, path, query, headers, body }) => ({
      user,
      path: path + query,
      headers: { ...headers, ...(body.type === undefined || body.text === undefined ? {} : { 'content-type': body.type }) },
      body: operation.method === 'GET' ? undefined : body.text,
    }));
}

/** What is wrong with an answer; undefined when nothing is. */
function faultOf(operation: Operation, { status, type, text }: Received): string | undefined {
  const documented = responseOf(operation, status);
  if (documented === undefined) return `status ${status} is not documented`;
  if (status >= 400 && !type.startsWith('application/problem+json')) return `an error is answered as '${type}'`;
  if (status === 204 || status === 304 || (status >= 300 && status < 400)) return text === '' ? undefined : `${status} has a body`;
  const [media = ''] = type.split(';');
  if (Object.keys(documented.content).length === 0) return undefined;
  if (!(media in documented.content)) return `the type '${media}' is not documented for ${status}: ${Object.keys(documented.content).join(', ')}`;
  if (!media.endsWith('json')) return undefined;
  const answer = JSON.parse(text) as JsonObject;
  const validate = validatorOf(operation, documented.key, media);
  if (!validate(answer)) return `the answer does not fit its schema: ${ajv.errorsText(validate.errors)}`;
  const code = typeof answer['code'] === 'string' ? answer['code'] : 'none';
  if (status >= 400 && !(code in codes)) return `the code ${code} is unknown`;
  if (status >= 500 && !(status === 503 && UNAVAILABLE.has(code))) return `status ${status}`;
  return undefined;
}

function check(name: string, open: () => Promise<Platform>, tested: readonly Operation[], requests: number): void {
  describe(`whatever is sent, on ${name}`, () => {
    let platform: Platform;
    let world: World | undefined;
    beforeAll(async () => {
      platform = await open();
    });
    afterAll(() => platform.close());

    it.each(tested.map((operation) => [`${operation.method} ${operation.path}`, operation] as const))('%s answers as it is documented', async (_, operation) => {
      world ??= await makeWorld(platform);
      const property = fc.asyncProperty(requestsOf(operation, world), async (sent) => {
        const received = await sendRaw(platform.url, operation, sent);
        const fault = received && faultOf(operation, received);
        if (fault !== undefined) throw new Error(`${fault}\n${String(received?.status)} ${String(received?.text.slice(0, 2_000))}`);
      });
      await fc.assert(property, { numRuns: requests, interruptAfterTimeLimit: requests * MOST_MS_A_REQUEST, ...(SEED === undefined ? {} : { seed: Number(SEED) }) });
      if (operation.method !== 'GET') world = undefined;
      expect((await platform.send('GET', '/readyz')).status).toBe(200);
    });
  });
}

const postgres = sharedPostgres();
/** Not those of live runs: what they say does not go through the database. */
const ofStore = operations.filter(({ path }) => !path.startsWith('/v1/runs/'));

const providers = { environment: { DISTRI_PROVIDER_GOOGLE_CLIENT_ID: 'id', DISTRI_PROVIDER_GOOGLE_CLIENT_SECRET: 'secret' } };

check('PGlite', () => openPlatform({ worker: {}, providers }), operations, REQUESTS);
check('Postgres', async () => openPlatform({ worker: {}, providers, database: { url: await postgres().create('properties') } }), ofStore, Math.ceil(REQUESTS / 2));
