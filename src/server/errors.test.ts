import { Metadata, status } from '@grpc/grpc-js';
import { ServiceError } from '@temporalio/client';
import { expect, it } from 'vitest';
import { foreseen } from './errors.js';

it('takes a value that the database refused for a fault of the request', () => {
  const refused = Object.assign(new Error('value "3000000000" is out of range for type integer'), { code: '22003' });
  expect(foreseen(new Error('Failed query: select secret', { cause: refused }))).toMatchObject({ code: 'BAD_REQUEST', message: expect.not.stringContaining('secret') as string });
});

it('tells that Temporal has too much to do, and nothing of what nobody foresaw', () => {
  const exhausted = Object.assign(new Error('8 RESOURCE_EXHAUSTED: rate limit'), { code: status.RESOURCE_EXHAUSTED, details: 'rate limit', metadata: new Metadata() });
  expect(foreseen(new ServiceError('Failed to start', { cause: exhausted })).code).toBe('OVERLOADED');
  expect(foreseen(new Error('secret of the inside'))).toMatchObject({ code: 'INTERNAL', message: expect.not.stringContaining('secret') as string });
});
