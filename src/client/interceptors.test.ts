import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { expect, test } from 'vitest';
import { findFreePort } from '../cli/find-port.js';
import { retriesUntilClosed } from './interceptors.js';

test('a call that waits for its next try when the connection is closed fails, in its promise', async () => {
  const address = `127.0.0.1:${await findFreePort('127.0.0.1')}`;
  const connection = Connection.lazy({ address, interceptors: retriesUntilClosed() });
  const call = connection.workflowService.getSystemInfo({}).then(
    () => 'answered',
    (error: Error) => error.message,
  );
  await sleep(300);
  await connection.close();
  expect(await call).toMatch(/CANCELLED: Channel has been shut down/);
});

test('a call whose first try comes after the close fails in its promise too', async () => {
  const address = `127.0.0.1:${await findFreePort('127.0.0.1')}`;
  const connection = Connection.lazy({ address, interceptors: retriesUntilClosed() });
  await connection.close();
  await expect(connection.workflowService.getSystemInfo({})).rejects.toThrow(/CANCELLED: Channel has been shut down/);
});
