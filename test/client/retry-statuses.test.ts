import { afterAll, beforeAll, expect, test } from 'vitest';
import { serve, type TestServer } from '../support/http.js';
import { sharedStage } from './stage.js';

let service: TestServer;
beforeAll(async () => {
  service = await serve((request, response) => response.writeHead(Number(/\d+/.exec(request.url ?? '')?.[0])).end('no'));
});
afterAll(() => service.close());

const stage = sharedStage({});

const FINAL = [400, 401, 403, 404, 405, 409, 410, 422];
const rules: [string, object, number, number][] = [
  ...FINAL.map((status): [string, object, number, number] => ['attempts alone', { max_attempts: 3 }, status, 1]),
  ['attempts alone', { max_attempts: 3 }, 418, 3],
  ['attempts alone', { max_attempts: 3 }, 503, 3],
  ['a status that is named', { max_attempts: 3, on: [404] }, 404, 3],
  ['a class that is named', { max_attempts: 2, on: ['4xx'] }, 409, 2],
  ['another status', { max_attempts: 3, on: ['HTTP_404'] }, 503, 1],
  ['a rule without a number', { on: ['5xx'] }, 500, 3],
  ['a final status', { max_attempts: 3, non_retryable: ['HTTP_503'] }, 503, 1],
  ['a final class', { max_attempts: 3, non_retryable: ['5xx'] }, 503, 1],
  ['a final number', { max_attempts: 3, non_retryable: [503] }, 503, 1],
];

test('a call is made as often as its rules and its status say', async () => {
  await Promise.all(
    rules.map(async ([, retry, status], index) => {
      const kind = { type: 'api_call', method: 'GET', url: `${service.url}/${status}/r${index}r` };
      const run = await stage.client.start({ id: 'retries', steps: [{ id: 'a', retry: { initial_interval_secs: 0.01, ...retry }, kind }] });
      await expect(run.result()).rejects.toMatchObject({ code: 'RUN_FAILED' });
    }),
  );
  const made = rules.map((_rule, index) => service.requests.filter(({ url }) => url.endsWith(`r${index}r`)).length);
  expect(rules.map(([name, , status], index) => [name, status, made[index]])).toEqual(rules.map(([name, , status, expected]) => [name, status, expected]));
});
