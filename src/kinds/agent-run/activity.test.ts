import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { activityContext } from '../../../test/support/activity-context.js';
import { closedPort } from '../../../test/support/closed-port.js';
import type { Connection } from '../../activities/connection.js';
import type { ActivityContext } from '../activity.js';
import { StepFailure } from '../failure.js';
import type { ConfigOf } from '../schemas.js';
import { createAgentRun } from './activity.js';
import type { ModelSettings } from './model.js';

interface ModelRequest {
  path: string | undefined;
  headers: IncomingHttpHeaders;
  body: { model: string; messages: { role: string; content: string }[]; tools?: unknown };
}

let server: Server;
let baseUrl: string;
let requests: ModelRequest[];
let reply: (response: ServerResponse) => void;

const KEY = 'sk-very-secret';

function say(content: string, finish = 'stop') {
  return (response: ServerResponse) =>
    response.setHeader('content-type', 'application/json').end(
      JSON.stringify({
        id: 'c1',
        object: 'chat.completion',
        created: 1,
        model: 'm',
        choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: finish }],
        usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
      }),
    );
}

beforeEach(async () => {
  requests = [];
  reply = say('hello');
  server = createServer((request, response) => {
    void text(request).then((body) => {
      requests.push({ path: request.url, headers: request.headers, body: JSON.parse(body) as ModelRequest['body'] });
      reply(response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

type Config = Partial<ConfigOf<'agent_run'>>;

function run(config: Config = {}, context: Partial<ActivityContext> = {}, model: ModelSettings | null = { baseUrl, apiKey: KEY, model: 'default-model' }) {
  const recorded = activityContext(context);
  const result = createAgentRun(model ? { model } : {})({ type: 'agent_run', prompt: 'Say hello', ...config }, recorded);
  return Object.assign(result, { recorded });
}

async function failure(promise: Promise<unknown>): Promise<StepFailure> {
  const error = await promise.then(
    (value) => new Error(`did not fail: ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StepFailure);
  return error as StepFailure;
}

const connection = (given: Partial<Connection>): Connection => ({
  skill: 'openai:chat',
  permissions: [],
  env: {},
  secrets: {},
  headers: {},
  hosts: [],
  revision: 'r7',
  ...given,
});

describe('a turn of the model', () => {
  it('sends the prompt to the endpoint with the key and the default model', async () => {
    expect(await run()).toEqual({ output: 'hello' });
    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatchObject({
      path: '/v1/chat/completions',
      headers: { authorization: `Bearer ${KEY}` },
      body: { model: 'default-model', messages: [{ role: 'user', content: 'Say hello' }] },
    });
  });

  it('gives JSON when the text is JSON', async () => {
    reply = say('{"a": [1]}');
    expect(await run()).toEqual({ a: [1] });
  });

  it("honours the step's model", async () => {
    await run({ model: 'big' });
    expect(requests[0]?.body.model).toBe('big');
  });

  it('appends the mapping to the prompt', async () => {
    await run({}, { mapping: { n: 1 } });
    expect(requests[0]?.body.messages[0]?.content).toBe('Say hello\n\nInput:\n{"n":1}');
  });

  it('takes the endpoint from a connection of the step, before that of the worker', async () => {
    const mine = connection({ env: { BASE_URL: baseUrl, MODEL: 'theirs' }, secrets: { API_KEY: 'sk-other' } });
    await run({}, { connections: [connection({ skill: 'slack:chat' }), mine] }, { baseUrl: 'http://127.0.0.1:1/v1', model: 'x' });
    expect(requests[0]).toMatchObject({ headers: { authorization: 'Bearer sk-other' }, body: { model: 'theirs' } });
  });

  it('warns of what a single turn ignores, and of an answer that was cut short', async () => {
    reply = say('cut', 'length');
    const running = run({ tools: ['search'], skills: [], max_iterations: 5, agent_id: 'writer' });
    await running;
    expect(running.recorded.logged.map(({ level, message }) => `${level} ${message}`)).toEqual([
      expect.stringContaining('tools, max_iterations, agent_id ignored'),
      expect.stringMatching(/^warn The model did not end/),
    ]);
    expect(requests[0]?.body.tools).toBeUndefined();
  });
});

describe('a model that fails', () => {
  const status = (code: number, body: string, headers: { [name: string]: string } = {}) => (response: ServerResponse) =>
    response.writeHead(code, { 'content-type': 'application/json', ...headers }).end(body);

  it('says the status and the body, never the key', async () => {
    reply = status(401, JSON.stringify({ error: { message: `Incorrect API key provided: ${KEY}` } }));
    const error = await failure(run());
    expect(error).toMatchObject({ code: 'AGENT_FAILED', retryable: false });
    expect(error.message).toContain('HTTP 401');
    expect(error.message).toContain('Incorrect API key provided: ***');
    expect(error.message).not.toContain(KEY);
  });

  it('is tried again later when it is busy, as long as it says, and only once an attempt', async () => {
    reply = status(429, '{"error":{"message":"slow down"}}', { 'retry-after': '7' });
    expect(await failure(run())).toMatchObject({ code: 'AGENT_FAILED', retryable: true, retryAfterSecs: 7 });
    expect(requests).toHaveLength(1);
  });

  it.each([
    [500, true],
    [503, true],
    [400, false],
    [404, false],
  ])('%i: another attempt may help: %s', async (code, retryable) => {
    reply = status(code, 'no json');
    const error = await failure(run());
    expect(error.retryable).toBe(retryable);
    expect(error.message).toContain('no json');
  });

  it('that cannot be reached is tried again', async () => {
    const nobody = `http://127.0.0.1:${await closedPort()}/v1`;
    const error = await failure(run({}, {}, { baseUrl: nobody, model: 'm' }));
    expect(error).toMatchObject({ code: 'AGENT_FAILED', retryable: true, message: expect.stringContaining(nobody) as string });
    expect(error.message).toContain('ECONNREFUSED');
  });

  it('that answers something else fails the step', async () => {
    reply = status(200, '<html>');
    expect(await failure(run())).toMatchObject({ code: 'AGENT_FAILED', retryable: false });
  });

  it('blocks the step on its connection when that is rejected', async () => {
    reply = status(403, 'no');
    const error = await failure(run({}, { connections: [connection({ env: { BASE_URL: baseUrl, MODEL: 'm' } })] }));
    expect(error).toMatchObject({ code: 'CONNECTION_REJECTED', details: { skill: 'openai:chat', revision: 'r7' } });
  });

  it('that is not configured blocks the step on native:agent', async () => {
    expect(await failure(run({}, {}, null))).toMatchObject({ code: 'CONNECTION_MISSING', details: { skill: 'native:agent' } });
  });

  it('without a name says where to give it', async () => {
    expect((await failure(run({}, {}, { baseUrl }))).message).toContain('DISTRI_MODEL');
  });

  it('is given up when the step is canceled', async () => {
    const controller = new AbortController();
    const reason = new Error('canceled');
    const closed = new Promise<void>((resolve) => {
      reply = (response) => {
        response.on('close', () => resolve());
        controller.abort(reason);
      };
    });
    await expect(run({}, { signal: controller.signal })).rejects.toBe(reason);
    await closed;
  });
});
