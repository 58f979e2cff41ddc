import { createHmac, randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { eq } from 'drizzle-orm';
import { DistriError } from '../../src/definition/errors.js';
import type { JsonObject } from '../../src/definition/json.js';
import { Sealer } from '../../src/store/seal.js';
import { connections, webhookDeliveries } from '../../src/store/tables.js';
import { sharedPlatform, type Answer } from './stage.js';
import { echo, remove, runsOf, save, update, waiting } from './triggers.js';

const SECRET = 'It is a secret to everybody';
const platform = sharedPlatform({
  worker: {},
  settings: { maxBodyBytes: 4 * 1024 * 1024 },
});
beforeAll(async () => {
  const put = await platform().send('PUT', '/v1/connections/github:hooks', { as: 'ann', body: { secrets: { webhook_secret: SECRET } } });
  expect(put.status).toBeLessThan(300);
});

const hmac = (body: string, secret = SECRET): string => createHmac('sha256', secret).update(body).digest('hex');

/** A workflow with a webhook on a path of its own. */
async function hook(trigger: JsonObject, more: JsonObject = {}, owner = 'ann') {
  const path = `tests/${randomUUID()}`;
  const id = await save(platform(), echo([{ type: 'webhook', path, ...trigger }], more), owner);
  return { id, path: `/v1/workflows/webhook/${path}`, name: path };
}

/** A delivery, as nobody. */
function deliver(path: string, body?: unknown, headers: Record<string, string> = {}, method = 'POST'): Promise<Answer> {
  return platform().send(method, path, { as: null, body, headers });
}

async function inputOf({ body }: Answer): Promise<JsonObject> {
  return (await platform().client.getRun(body.run_id).result()).context.input as JsonObject;
}

describe('a webhook', () => {
  it('starts a run with the body as input, for the owner of the workflow', async () => {
    const { id, path, name } = await hook({ auth: { type: 'none' } });
    const answer = await deliver(`${path}?a=1&b=2&b=3`, { n: 1 }, { cookie: 'secret=1', authorization: 'Bearer ', 'x-mine': 'yes' });
    expect(answer.status).toBe(202);
    const input = await inputOf(answer);
    expect(input).toMatchObject({ n: 1, webhook: { method: 'POST', path: name, query: { a: '1', b: ['2', '3'] }, headers: { 'x-mine': 'yes' } } });
    expect(JSON.stringify(input)).not.toMatch(/secret|authorization/);
    expect(await platform().client.getRun(answer.body.run_id).describe()).toMatchObject({ workflow_id: id, owner: 'ann', version: 1, trigger: { type: 'webhook' } });
  });

  it('wraps a body that is no object, and leaves a key `webhook` and a strict schema alone', async () => {
    const { path } = await hook({ auth: { type: 'none' } });
    expect(await inputOf(await deliver(path, [1]))).toMatchObject({ body: [1], webhook: {} });
    expect(await inputOf(await deliver(path, 'a=1', { 'content-type': 'application/x-www-form-urlencoded' }))).toMatchObject({ body: 'a=1' });
    expect(await inputOf(await deliver(path, { webhook: 'mine' }))).toEqual({ webhook: 'mine' });
    const strict = await hook({ auth: { type: 'none' } }, { input_schema: { type: 'object', properties: { n: { type: 'number' } }, additionalProperties: false } });
    expect(await inputOf(await deliver(strict.path, { n: 1 }))).toEqual({ n: 1 });
    expect(await deliver(strict.path, { n: 'one' })).toMatchObject({ status: 422, body: { code: 'INVALID_INPUT' } });
  });

  it('keeps the digits of a body, and bytes that are no text as a blob', async () => {
    const { path } = await hook({ auth: { type: 'none' } });
    const digits = await deliver(path, '{"id":12345678901234567890,"much":0.12345678901234567890}', { 'content-type': 'application/json' });
    expect(await inputOf(digits)).toMatchObject({ id: '12345678901234567890' });
    const { warnings } = await platform().client.getRun(digits.body.run_id).snapshot();
    expect(warnings.map(({ code, message }) => `${code} ${message}`)).toEqual([expect.stringContaining('$.input.id'), expect.stringContaining('$.input.much')]);
    const send = async (body: Uint8Array, type: string): Promise<JsonObject> => {
      const answer = await fetch(`${platform().url}${path}`, { method: 'POST', headers: { 'content-type': type }, body });
      return inputOf({ body: await answer.json() } as Answer);
    };
    expect(await send(Buffer.from('caf\xe9', 'latin1'), 'text/plain; charset=iso-8859-1')).toMatchObject({ body: 'café' });
    const png = Buffer.from('89504e470d0a1a0a00ff', 'hex');
    expect(await send(png, 'image/png')).toMatchObject({ body: { content_type: 'image/png', bytes: 10, base64: png.toString('base64') } });
  });

  it('takes its methods and no others', async () => {
    const { path } = await hook({ auth: { type: 'none' }, methods: ['get', 'PUT'] });
    expect((await deliver(path, undefined, {}, 'GET')).status).toBe(202);
    expect((await deliver(path, {}, {}, 'PUT')).status).toBe(202);
    for (const method of ['POST', 'DELETE']) {
      const { status, headers, body } = await deliver(path, {}, {}, method);
      expect({ status, allow: headers.get('allow'), code: body.code }).toEqual({ status: 405, allow: 'GET, PUT', code: 'METHOD_NOT_ALLOWED' });
    }
    expect((await deliver(path, undefined, {}, 'HEAD')).status).toBe(404);
  });

  it('that does not exist is not found', async () => {
    for (const path of ['nowhere', '', '%00', 'a/../b', '%E2%82%AC']) {
      expect(await deliver(`/v1/workflows/webhook/${path}`, {})).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
    }
  });

  it('limits the body, told or not', async () => {
    const small = await hook({ auth: { type: 'none' }, max_body_bytes: 100 });
    const usual = await hook({ auth: { type: 'none' } });
    const large = { text: 'x'.repeat(1024 * 1024) };
    expect(await deliver(small.path, { text: 'x'.repeat(100) })).toMatchObject({ status: 413, body: { code: 'BODY_TOO_LARGE' } });
    expect((await deliver(small.path, { text: 'x'.repeat(20) })).status).toBe(202);
    expect((await deliver(usual.path, large)).status).toBe(413);
    const chunked = new ReadableStream({
      start(controller) {
        for (let i = 0; i < 3; i++) controller.enqueue(new TextEncoder().encode('x'.repeat(50)));
        controller.close();
      },
    });
    const response = await fetch(`${platform().url}${small.path}`, { method: 'POST', body: chunked, duplex: 'half' });
    expect(response.status).toBe(413);
  });

  it('is no longer there when the path changes or the workflow is deleted', async () => {
    const { id, path } = await hook({ auth: { type: 'none' } });
    const moved = `tests/${randomUUID()}`;
    await update(platform(), id, echo([{ type: 'webhook', path: moved, auth: { type: 'none' } }]));
    expect((await deliver(path, {})).status).toBe(404);
    const answer = await deliver(`/v1/workflows/webhook/${moved}`, {});
    expect(answer.status).toBe(202);
    expect(await platform().client.getRun(answer.body.run_id).describe()).toMatchObject({ version: 2 });
    await remove(platform(), id);
    expect((await deliver(`/v1/workflows/webhook/${moved}`, {})).status).toBe(404);
  });

  it('is listed with its address', async () => {
    const { id, name } = await hook({ auth: { type: 'none' } });
    const { body } = await platform().send('GET', `/v1/workflows/${id}/triggers`, { as: 'ann' });
    expect(body.items).toMatchObject([{ type: 'webhook', entry_point: 'main', url: `http://127.0.0.1:4400/v1/workflows/webhook/${name}` }]);
    expect((await platform().send('GET', `/v1/workflows/${id}/triggers`, { as: 'bob' })).status).toBe(404);
  });
});

describe('starts by webhooks and events', () => {
  const started = async (): Promise<number> => Number(/distri_runs_started_total (\d+)/.exec((await platform().send('GET', '/metrics')).text)?.[1]);

  it('are counted, one that comes again is not', async () => {
    const { path } = await hook({ auth: { type: 'bearer_token', connection_id: 'github:hooks' } });
    const topic = `counted.${randomUUID()}`;
    await save(platform(), echo([{ type: 'event', topic }]));
    const before = await started();
    for (let n = 0; n < 2; n += 1) {
      expect((await deliver(path, {}, { authorization: `Bearer ${SECRET}`, 'idempotency-key': 'counted' })).status).toBe(202);
      expect((await platform().send('POST', '/v1/events', { as: 'ann', body: { topic, id: 'counted' } })).body.runs).toHaveLength(1);
    }
    expect(await started()).toBe(before + 2);
  });

  it('wait for their turn with those that users ask for, and are refused when too many wait', async () => {
    const { path } = await hook({ auth: { type: 'none' } });
    let go = (): void => undefined;
    const held = new Promise<void>((resolve) => (go = resolve));
    const slow = vi.spyOn(platform().client, 'start').mockImplementation(async () => {
      await held;
      throw new DistriError('INVALID_INPUT', 'Nothing is started, which would take long');
    });
    const statuses: number[] = [];
    const answers = Promise.all(Array.from({ length: 330 }, async () => statuses.push((await deliver(path, {})).status)));
    await expect.poll(() => statuses, { timeout: 60_000 }).toEqual(Array.from({ length: 10 }, () => 503));
    expect(slow.mock.calls).toHaveLength(64);
    expect(await platform().send('POST', '/v1/runs', { body: { definition: { id: 'x', steps: [] } } })).toMatchObject({ status: 503, body: { code: 'OVERLOADED' } });
    go();
    await answers;
    slow.mockRestore();
    expect(statuses.filter((status) => status === 422)).toHaveLength(320);
  });
});

describe('a webhook with a bearer token', () => {
  const auth = { type: 'bearer_token', connection_id: 'github:hooks' };

  it('takes the secret of the connection and nothing else', async () => {
    const { path } = await hook({ auth });
    expect((await deliver(path, {}, { authorization: `Bearer ${SECRET}` })).status).toBe(202);
    for (const headers of [{}, { authorization: 'Bearer wrong' }, { authorization: SECRET }, { authorization: 'Bearer' }] as Record<string, string>[]) {
      expect(await deliver(path, {}, headers)).toMatchObject({ status: 401, body: { code: 'WEBHOOK_REFUSED' } });
    }
  });

  it('whose secret cannot be decrypted fails, and tells strangers nothing of keys', async () => {
    const skill = `other:k${randomUUID().slice(0, 8)}`;
    const key = { id: 'retired-key', key: Buffer.alloc(32, 9).toString('base64') };
    await platform().send('PUT', `/v1/connections/${skill}`, { as: 'ann', body: { secrets: { secret: SECRET } } });
    const { id } = (await platform().store.connections.find(skill, 'ann'))!;
    const sealed = new Sealer([key]).seal(JSON.stringify({ secrets: { secret: SECRET }, headers: {} }), id);
    await platform().store.database.db.update(connections).set({ sealed }).where(eq(connections.id, id));
    const { path } = await hook({ auth: { type: 'bearer_token', connection_id: skill } });
    const answer = await deliver(path, {}, { authorization: `Bearer ${SECRET}` });
    expect(answer).toMatchObject({ status: 500, body: { code: 'INTERNAL' } });
    expect(answer.text).not.toMatch(/retired-key|DISTRI_SECRET_KEYS/);
  });

  it('refuses all when the owner has no such connection', async () => {
    const { path } = await hook({ auth }, {}, 'bob');
    expect((await deliver(path, {}, { authorization: `Bearer ${SECRET}` })).status).toBe(401);
    expect((await deliver(path, {}, { authorization: 'Bearer undefined' })).status).toBe(401);
  });
});

describe('a webhook with a signature', () => {
  const auth = { type: 'hmac_header', header: 'X-Hub-Signature-256', connection_id: 'github:hooks' };

  it('takes what is signed byte for byte', async () => {
    const { path } = await hook({ auth });
    const body = '{ "n":1.50,\n "s": "\\u00e9é" }';
    expect((await deliver(path, body, { 'x-hub-signature-256': `sha256=${hmac(body)}` })).status).toBe(202);
    expect((await deliver(path, body, { 'x-hub-signature-256': hmac(body).toUpperCase() })).status).toBe(202);
    for (const signature of [undefined, '', 'sha256=', `sha256=${hmac(`${body} `)}`, `sha256=${hmac(body, 'other')}`, `sha1=${hmac(body)}`]) {
      const answer = await deliver(path, body, signature === undefined ? {} : { 'x-hub-signature-256': signature });
      expect(answer, signature ?? 'none').toMatchObject({ status: 401, body: { code: 'WEBHOOK_REFUSED' } });
    }
  });

  it('starts one run of a delivery that comes again, at the same time or later', async () => {
    const { id, path } = await hook({ auth });
    const send = (delivery: string): Promise<Answer> => deliver(path, '{}', { 'x-hub-signature-256': hmac('{}'), 'x-github-delivery': delivery });
    const answers = [...(await Promise.all(Array.from({ length: 10 }, () => send('one')))), await send('one')];
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 202));
    expect(new Set(answers.map(({ body }) => body.run_id)).size).toBe(1);
    expect((await send('two')).body.run_id).not.toBe(answers[0]?.body.run_id);
    await expect.poll(() => runsOf(platform(), id), { timeout: 60_000 }).toHaveLength(2);
  });

  it('starts the run of a delivery that was noted by a server that died then', async () => {
    const { id, path } = await hook({ auth });
    const [trigger] = await platform().store.triggers.of(id);
    const send = (): Promise<Answer> => deliver(path, '{}', { 'x-hub-signature-256': hmac('{}'), 'idempotency-key': 'died' });
    const death = vi.spyOn(platform().client, 'start').mockRejectedValueOnce(new Error('dies'));
    expect((await send()).status).toBe(500);
    death.mockRestore();
    const { body } = await send();
    expect(await platform().client.getRun(body.run_id).describe()).toMatchObject({ trigger: { id: trigger?.id } });
  });

  it('starts the run of a delivery that was refused before, however long ago, when it comes again', async () => {
    const strict = { input_schema: { type: 'object', required: ['n'] } };
    const { id, path, name } = await hook({ auth }, strict);
    const send = (): Promise<Answer> => deliver(path, '{}', { 'x-hub-signature-256': hmac('{}'), 'x-github-delivery': 'refused' });
    expect(await send()).toMatchObject({ status: 422, body: { code: 'INVALID_INPUT' } });
    await platform().store.database.db.update(webhookDeliveries).set({ at: new Date(Date.now() - 24 * 3_600_000) });
    await update(platform(), id, echo([{ type: 'webhook', path: name, auth }]));
    const { status, body } = await send();
    expect(status).toBe(202);
    expect(await platform().client.getRun(body.run_id).describe()).toMatchObject({ workflow_id: id, version: 2 });
    // Once it is started it is not again, though the workflow could not take it any more.
    await update(platform(), id, echo([{ type: 'webhook', path: name, auth }], strict));
    expect(await send()).toMatchObject({ status: 202, body });
  });

  it('starts a run of each delivery that has no id', async () => {
    const { path } = await hook({ auth });
    const send = (): Promise<Answer> => deliver(path, '{}', { 'x-hub-signature-256': hmac('{}') });
    expect((await send()).body.run_id).not.toBe((await send()).body.run_id);
  });
});

describe('a webhook for Slack', () => {
  const auth = { type: 'hmac_header', header: 'X-Slack-Signature', connection_id: 'github:hooks' };
  const signed = (body: string, secondsAgo = 0): Record<string, string> => {
    const timestamp = `${Math.floor(Date.now() / 1_000) - secondsAgo}`;
    return { 'x-slack-request-timestamp': timestamp, 'x-slack-signature': `v0=${hmac(`v0:${timestamp}:${body}`)}` };
  };

  it('takes what is signed with its time, for five minutes', async () => {
    const { path } = await hook({ auth });
    const body = 'command=%2Fdeploy&text=94070';
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    expect((await deliver(path, body, { ...form, ...signed(body, 250) })).status).toBe(202);
    expect((await deliver(path, body, { ...form, ...signed(body, 350) })).status).toBe(401);
    expect((await deliver(path, body, { ...form, ...signed(body, -350) })).status).toBe(401);
    expect((await deliver(path, `${body} `, { ...form, ...signed(body) })).status).toBe(401);
    expect((await deliver(path, body, { ...form, ...signed(body), 'x-slack-request-timestamp': '' })).status).toBe(401);
    expect((await deliver(path, body, { ...form, 'x-slack-signature': hmac(body) })).status).toBe(401);
  });

  it('knows a delivery again by its signature, whatever unsigned headers say, and by the id of the event', async () => {
    const { path } = await hook({ auth });
    const headers = signed('{}');
    const first = await deliver(path, '{}', headers);
    expect((await deliver(path, '{}', { ...headers, 'idempotency-key': 'another' })).body.run_id).toBe(first.body.run_id);
    const event = '{"event_id":"Ev1"}';
    const told = await deliver(path, event, signed(event, 10));
    expect((await deliver(path, event, signed(event, 5))).body.run_id).toBe(told.body.run_id);
  });

  it('answers the challenge', async () => {
    const { path } = await hook({ auth });
    const body = JSON.stringify({ type: 'url_verification', challenge: 'abc' });
    expect(await deliver(path, body, signed(body))).toMatchObject({ status: 200, body: { challenge: 'abc' } });
    expect((await deliver(path, body)).status).toBe(401);
  });
});

describe('a webhook that answers when the run has ended', () => {
  it('tells the output', async () => {
    const { path } = await hook({ auth: { type: 'none' }, response: { type: 'sync' } }, { output: { double: '{input.n}{input.n}' } });
    expect(await deliver(path, { n: 4 })).toMatchObject({ status: 200, body: { status: 'completed', output: { double: '44' }, run_id: expect.any(String) } });
  });

  it('tells a failure', async () => {
    const { path } = await hook({ auth: { type: 'none' }, response: { type: 'sync' } }, { steps: [{ id: 'say', kind: { type: 'script', command: 'exit 3' }, input: {} }] });
    expect(await deliver(path, {})).toMatchObject({ status: 200, body: { status: 'failed', error: expect.stringContaining('say') } });
  });

  it('answers 202 when the run takes longer', async () => {
    const path = `tests/${randomUUID()}`;
    await save(platform(), waiting([{ type: 'webhook', path, auth: { type: 'none' }, response: { type: 'sync', timeout_secs: 1 } }]));
    const { status, body } = await deliver(`/v1/workflows/webhook/${path}`, {});
    expect(status).toBe(202);
    await platform().client.getRun(body.run_id).cancel();
  });
});

describe('a webhook with a delivery_id', () => {
  it('starts one run of what comes again under the same header or field, and keeps a token to itself', async () => {
    const token = { 'x-gitlab-token': SECRET };
    const named = await hook({ auth: { type: 'token_header', header: 'X-Gitlab-Token', connection_id: 'github:hooks' }, delivery_id: 'header:X-Shopify-Event-Id' });
    const first = await deliver(named.path, { id: 'evt_1' }, { ...token, 'x-shopify-event-id': 'e1' });
    expect(JSON.stringify(await inputOf(first))).not.toContain(SECRET);
    expect((await deliver(named.path, { id: 'evt_1' }, { ...token, 'x-shopify-event-id': 'e1' })).body.run_id).toBe(first.body.run_id);
    expect((await deliver(named.path, { id: 'evt_1' }, { ...token, 'x-shopify-event-id': 'e2' })).body.run_id).not.toBe(first.body.run_id);
    expect((await deliver(named.path, { id: 'evt_1' })).status).toBe(401);
    const inBody = await hook({ auth: { type: 'none' }, delivery_id: 'body:event.id' });
    const told = await deliver(inBody.path, { event: { id: 7 } });
    expect((await deliver(inBody.path, { event: { id: 7 } })).body.run_id).toBe(told.body.run_id);
    expect((await deliver(inBody.path, { event: { id: 8 } })).body.run_id).not.toBe(told.body.run_id);
  });
});

describe('what cannot be a webhook', () => {
  it('is refused before anything is saved', async () => {
    const { name } = await hook({ auth: { type: 'none' } });
    const free = `tests/${randomUUID()}`;
    const cases: [JsonObject, string][] = [
      [{ path: name, auth: { type: 'none' } }, 'path'],
      [{ path: '/x', auth: { type: 'none' } }, 'path'],
      [{ path: 'a b', auth: { type: 'none' } }, 'path'],
      [{ path: free }, 'auth'],
      [{ path: free, auth: { type: 'none' }, methods: ['TRACE'] }, 'methods'],
      [{ path: free, auth: { type: 'none' }, methods: [] }, 'methods'],
      [{ path: free, auth: { type: 'hmac_header', header: 'a b', connection_id: 'x' } }, 'auth'],
      ...['.', '..', '../x', 'a/..', '%2e%2e', 'a/./b'].map((path): [JsonObject, string] => [{ path, auth: { type: 'none' } }, 'path']),
      [{ path: free, auth: { type: 'hmac_header', header: 'X-Hub-Signature', connection_id: 'x' } }, 'auth'],
      [{ path: free, auth: { type: 'hmac_header', header: 'X-Gitlab-Token', connection_id: 'x' } }, 'auth'],
      [{ path: free, auth: { type: 'none' }, delivery_id: 'id' }, 'delivery_id'],
    ];
    for (const [trigger, field] of cases) {
      const problem = { code: 'BAD_TRIGGER', path: `$.entry_points[0].triggers[0].${field}` };
      await expect(save(platform(), echo([{ type: 'webhook', ...trigger }])), JSON.stringify(trigger)).rejects.toMatchObject({ code: 'BAD_TRIGGER', problems: [problem] });
    }
    await expect(save(platform(), echo([1, 2].map(() => ({ type: 'webhook', path: free, auth: { type: 'none' } }))))).rejects.toMatchObject({ code: 'BAD_TRIGGER' });
  });
});
