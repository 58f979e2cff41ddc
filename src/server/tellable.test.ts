import { expect, it, vi } from 'vitest';
import type { FastifyBaseLogger } from 'fastify';
import { DistriError } from '../definition/errors.js';
import { tellable } from './errors.js';

it.each(['STORE_UNAVAILABLE', 'PAYLOAD_NOT_STORED'] as const)('keeps the paths and addresses of %s to the log', (code) => {
  const log = { warn: vi.fn(), error: vi.fn() };
  const told = tellable(new DistriError(code, 'EACCES: /srv/payloads'), { log: log as unknown as FastifyBaseLogger });
  expect(told.code).toBe(code);
  expect(`${told.message} ${told.hint}`).not.toContain('/srv');
  expect(JSON.stringify(log.warn.mock.calls)).toContain('/srv/payloads');
});
