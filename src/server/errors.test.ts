import { Metadata, status } from '@grpc/grpc-js';
import { ServiceError } from '@temporalio/client';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { DistriError } from '../definition/errors.js';
import { toTemporalError } from '../temporal/errors.js';
import { foreseen, tellable } from './errors.js';

it('takes a value that the database refused for a fault of the request', () => {
  const refused = Object.assign(new Error('value "3000000000" is out of range for type integer'), { code: '22003' });
  expect(foreseen(new Error('Failed query: select secret', { cause: refused }))).toMatchObject({ code: 'BAD_REQUEST', message: expect.not.stringContaining('secret') as string });
});

it('tells that Temporal has too much to do, and nothing of what nobody foresaw', () => {
  const exhausted = Object.assign(new Error('8 RESOURCE_EXHAUSTED: rate limit'), { code: status.RESOURCE_EXHAUSTED, details: 'rate limit', metadata: new Metadata() });
  expect(foreseen(new ServiceError('Failed to start', { cause: exhausted })).code).toBe('OVERLOADED');
  expect(foreseen(new Error('secret of the inside'))).toMatchObject({ code: 'INTERNAL', message: expect.not.stringContaining('secret') as string });
});

it.each([
  ['STORE_UNAVAILABLE', Object.assign(new Error('connect ECONNREFUSED 10.0.0.5:5432'), { code: 'ECONNREFUSED' })],
  ['NO_TEMPORAL_SERVER', toTemporalError(new Error('Failed to connect before the deadline'), { address: '10.0.0.5:7233', namespace: 'inner' })],
  ['NO_WORKER', new DistriError('NO_WORKER', "No engine worker answered (task queue 'q', namespace '10.0.0.5')")],
])('tells of %s what is out, and the log where and why', (code, thrown) => {
  const lines: string[] = [];
  const told = tellable(thrown, { log: pino({}, { write: (line: string) => void lines.push(line) }) });
  expect(told.code).toBe(code);
  expect(`${told.message} ${told.hint}`).not.toMatch(/10\.0\.0\.5|inner|ECONNREFUSED|_URL|ADDRESS/);
  expect(lines).toEqual([expect.stringContaining('10.0.0.5')]);
});
