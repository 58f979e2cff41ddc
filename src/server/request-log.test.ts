import { fastify } from 'fastify';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { childLoggerFactory } from './request-log.js';

it('logs each request with its id, and nothing of it that may be secret', async () => {
  const lines: string[] = [];
  const app = fastify({ loggerInstance: pino({}, { write: (line: string) => void lines.push(line) }), childLoggerFactory, genReqId: () => 'the-id' });
  app.get('/callback', async () => 'ok');
  await app.inject({ url: '/callback?code=hidden-code', headers: { authorization: 'Bearer hidden-token' } });
  const logged = lines.map((line) => JSON.parse(line) as { reqId: string; req?: object; res?: object });
  expect(logged).toMatchObject([{ reqId: 'the-id', req: { method: 'GET', path: '/callback' } }, { reqId: 'the-id', res: { statusCode: 200 } }]);
  expect(lines.join('')).not.toContain('hidden');
  await app.close();
});
