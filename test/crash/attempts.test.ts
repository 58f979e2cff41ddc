import type { RequestListener } from 'node:http';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { RunFailedError, type Run } from '../../src/client/index.js';
import { serve, type TestServer } from '../support/http.js';
import { openTheatre, until, type Theatre } from './support.js';

let theatre: Theatre;
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  theatre = await openTheatre({ memory: true });
});
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});
afterAll(() => theatre.close());

async function served(answer: RequestListener): Promise<TestServer> {
  const server = await serve(answer);
  closing.push(() => server.close());
  return server;
}

async function worker() {
  const started = await theatre.worker();
  closing.push(() => started.kill());
  return started;
}

async function startCall(url: string): Promise<Run> {
  return theatre.client.start({ id: 'call', steps: [{ id: 'get', kind: { type: 'api_call', method: 'GET', url } }] });
}

async function failureOf(run: Run) {
  const failure: unknown = await run.result().catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(RunFailedError);
  return (failure as RunFailedError).snapshot.steps['get'];
}

test('a call that is answered 500 is tried three times', async () => {
  const server = await served((_request, response) => response.writeHead(500).end('broken'));
  await worker();
  const step = await failureOf(await startCall(server.url));
  expect(step).toMatchObject({ status: 'failed', error_code: 'HTTP_STATUS', attempts: 3 });
  expect(server.requests).toHaveLength(3);
});

test('a lost worker takes none of the three tries that a step has', async () => {
  const server = await served((_request, response) => {
    if (server.requests.length !== 2) response.writeHead(500).end('broken');
  });
  const first = await worker();
  const run = await startCall(server.url);
  await until('the second try', () => server.requests.length === 2);
  await first.kill();
  await worker();
  const step = await failureOf(run);
  expect(step).toMatchObject({ status: 'failed', error_code: 'HTTP_STATUS', attempts: 4 });
  expect(server.requests).toHaveLength(4);
}, 120_000);
