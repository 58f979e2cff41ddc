import { afterEach, beforeEach, expect, test } from 'vitest';
import { createDataConverter, type DistriClient, type JsonObject } from '../../src/client/index.js';
import { startCodecServer } from '../../src/cli/codec/server.js';
import { rawHistory, textsIn } from '../support/leaks.js';
import { newKey, openDataStage, type DataStage } from './stage.js';

const SECRET = 'a-telling-input';
const [one, two, other] = [newKey('one'), newKey('two'), newKey('other')];

const waiting: JsonObject = {
  id: 'encrypted',
  name: SECRET,
  steps: [
    { id: 'ask', label: `ask ${SECRET}`, kind: { type: 'wait_for_input', message: '{input.text}' } },
    { id: 'tell', kind: { type: 'checkpoint', message: '{input.text} {steps.ask}' } },
  ],
};

let stage: DataStage;
beforeEach(async () => {
  stage = await openDataStage('encryption');
});
afterEach(async () => {
  await stage?.close();
});

async function begin(client: DistriClient): Promise<string> {
  const run = await client.start(waiting, { input: { text: SECRET }, owner: 'ann', executionTimeoutSecs: 200 });
  await expect.poll(async () => (await run.snapshot()).status, { timeout: 60_000 }).toBe('paused');
  return run.id;
}

test('keys rotate: a run that began under the old key goes on under the new one', async () => {
  const before = await stage.client({ encryptionKeys: [one] });
  const worker = await stage.worker({ encryptionKeys: [one] });
  const runId = await begin(before);
  await worker.stop();

  const rotated = { encryptionKeys: [two, one] };
  const client = await stage.client(rotated);
  await stage.worker(rotated);
  await client.getRun(runId).answer('ask', 'yes');
  const snapshot = await client.getRun(runId).result();
  expect(snapshot.steps['tell']?.result).toEqual({ message: `${SECRET} yes` });
  const keys = [...textsIn(await rawHistory(client, runId))].filter(({ at }) => at === 'encryption-key-id');
  expect(new Set(keys.map(({ text }) => text))).toEqual(new Set(['one', 'two']));
});

test('nothing of a run can be read in its history', async () => {
  const settings = { encryptionKeys: [one] };
  const client = await stage.client(settings);
  await stage.worker(settings);
  const runId = await begin(client);
  const texts = [...textsIn(await rawHistory(client, runId))].map(({ text }) => text);
  expect(texts).toContain('binary/encrypted');
  expect(texts.filter((text) => text.includes(SECRET))).toEqual([]);
  await client.getRun(runId).terminate('enough');
});

test('another key, or none, is CODEC_MISMATCH with the name of the key that is needed', async () => {
  const client = await stage.client({ encryptionKeys: [one] });
  await stage.worker({ encryptionKeys: [one] });
  const runId = await begin(client);
  await client.getRun(runId).answer('ask', 1);
  await client.getRun(runId).result();
  const mismatch = { code: 'CODEC_MISMATCH', message: expect.stringContaining("'one'") as string };
  for (const encryptionKeys of [[other], [], [{ ...other, id: 'one' }]]) {
    const stranger = await stage.client({ encryptionKeys });
    await expect(stranger.getRun(runId).snapshot()).rejects.toMatchObject(mismatch);
  }
});

test('the codec endpoint decodes for the Web UI, and for nobody else', async () => {
  const dataConverter = createDataConverter({ encryptionKeys: [one], payloadDir: stage.folder });
  const origin = 'http://localhost:8233';
  const server = await startCodecServer({ dataConverter, port: 0, host: '127.0.0.1', origins: [origin] });
  const post = (path: string, body: unknown, headers: { [name: string]: string } = {}) =>
    fetch(`${server.url}${path}`, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } });
  const plain = { payloads: [{ metadata: { encoding: base64('json/plain') }, data: base64('{"a":1}') }] };

  const encoded = (await (await post('/encode', plain)).json()) as typeof plain;
  expect(Buffer.from(encoded.payloads[0]?.metadata.encoding ?? '', 'base64').toString()).toBe('binary/encrypted');
  const decoded = await post('/decode', encoded, { origin, 'x-namespace': 'default' });
  expect(await decoded.json()).toEqual(plain);
  expect(decoded.headers.get('access-control-allow-origin')).toBe(origin);
  const preflight = await fetch(`${server.url}/decode`, { method: 'OPTIONS', headers: { origin } });
  expect([preflight.status, preflight.headers.get('access-control-allow-headers')]).toEqual([204, expect.stringContaining('X-Namespace')]);
  expect((await post('/decode', encoded, { origin: 'http://evil.example' })).status).toBe(403);
  expect((await post('/decode', 'nonsense')).status).toBe(400);
  expect((await fetch(`${server.url}/decode`)).status).toBe(405);
  await server.close();

  const guarded = await startCodecServer({ dataConverter, port: 0, host: '127.0.0.1', origins: [], token: 'open-sesame' });
  const ask = (headers: { [name: string]: string }) => fetch(`${guarded.url}/decode`, { method: 'POST', body: JSON.stringify(encoded), headers });
  expect((await ask({})).status).toBe(401);
  expect((await ask({ authorization: 'Bearer open-sesame' })).status).toBe(200);
  await guarded.close();
});

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
