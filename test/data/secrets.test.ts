import { z } from 'zod';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DistriClient, JsonObject } from '../../src/client/index.js';
import type { Connection } from '../../src/worker/index.js';
import { defineTool } from '../../src/worker/index.js';
import { TestConnections } from '../acceptance/support/connections.js';
import { findLeaks, plantedIn } from '../support/leaks.js';
import { serve, type TestServer } from '../support/http.js';
import { openDataStage, type DataStage } from './stage.js';

const TOKEN = 'tök/en+"planted" 1';
const PASSWORD = 'hunter2-hunter2';
const HEADER = 'Bearer hdr-0123456789abcdef';

const connections = new TestConnections();
/** A tool that does everything with its connection's secrets that it should not. */
const blab = defineTool({
  name: 'blab',
  input: z.object({ how: z.enum(['result', 'failure', 'heartbeat', 'log']), given: z.string() }),
  execute: ({ how, given }, context) => {
    const { TOKEN: token = '', PASSWORD: password = '' } = context.connections[0]?.secrets ?? {};
    const told = { token, given, basic: Buffer.from(`user:${password}`).toString('base64'), [token]: encodeURIComponent(token), text: JSON.stringify({ token }) };
    if (how === 'failure') throw new Error(`refused: ${JSON.stringify(told)}`);
    if (how === 'heartbeat') context.heartbeat(told);
    if (how === 'log') context.log.info(token, told);
    return how === 'result' ? told : { told: how };
  },
});

const step = (id: string, kind: JsonObject, more: JsonObject = {}): JsonObject => ({ id, on_error: 'continue', requires: [{ skill: 'shop:api' }], kind, ...more });
const call = (how: string): JsonObject => ({ type: 'tool_call', tool_name: 'blab', input: { how, given: 'with {env.TOKEN}' } });

let stage: DataStage;
let client: DistriClient;
let site: TestServer;
beforeAll(async () => {
  site = await serve((request, response) => {
    response.writeHead(request.url === '/no' ? 500 : 200, { 'content-type': 'application/json', 'x-seen': String(request.headers.authorization) });
    response.end(JSON.stringify({ authorization: request.headers.authorization, url: request.url, basic: Buffer.from(`x:${PASSWORD}`).toString('base64') }));
  });
  connections.set('shop:api', { secrets: { TOKEN, PASSWORD }, headers: { Authorization: HEADER }, hosts: ['127.0.0.1'] });
  stage = await openDataStage('secrets');
  client = await stage.client({});
  await stage.worker({}, { tools: [blab], connections });
});
afterAll(async () => {
  await stage?.close();
  await site?.close();
});

test('secrets of connections are in no history, in whatever form steps repeat them', async () => {
  const steps = [
    ...['result', 'failure', 'heartbeat', 'log'].map((how) => step(how, call(how))),
    step('seen', { type: 'api_call', method: 'GET', url: `${site.url}/yes?t={env.PASSWORD}` }),
    step('refused', { type: 'api_call', method: 'GET', url: `${site.url}/no` }),
    step('script', { type: 'script', command: 'echo "$PASSWORD" "$(printf %s "$PASSWORD" | base64)" {env.PASSWORD}; echo "$PASSWORD" >&2' }),
    step('exit', { type: 'script', command: 'echo "$PASSWORD" >&2; exit 3' }),
    { id: 'later', kind: { type: 'checkpoint', message: 'saw {steps.result} {steps.script} {steps.seen} {env.TOKEN}' } },
  ];
  const run = await client.start({ id: 'blabber', steps }, { executionTimeoutSecs: 200 });
  const snapshot = await run.result();
  expect(snapshot.steps['result']?.masked).toBeGreaterThan(3);
  expect(snapshot.steps['seen']?.masked).toBeGreaterThan(0);
  expect(snapshot.steps['failure']?.error).toContain('***');
  expect(site.requests.map((request) => request.headers.authorization)).toContain(HEADER);
  const planted = plantedIn(await connections.list());
  expect(planted).toContain(PASSWORD);
  await expect.poll(async () => (await findLeaks(client, planted)).looked, { timeout: 60_000 }).toBeGreaterThan(1);
  expect((await findLeaks(client, planted)).leaks).toEqual([]);
});

test('the search finds a secret that a history does hold', async () => {
  const leaky: Connection[] = await connections.list();
  const document = { id: 'leaky', steps: [{ id: 'a', kind: { type: 'checkpoint', message: Buffer.from(`ab${PASSWORD}`).toString('base64') } }] };
  const run = await client.start(document, { executionTimeoutSecs: 200 });
  await run.result();
  await expect.poll(async () => (await findLeaks(client, plantedIn(leaky))).leaks.length, { timeout: 60_000 }).toBeGreaterThan(0);
});
