import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { findFreePort } from '../../src/cli/find-port.js';
import { toTemporalError } from '../../src/temporal/errors.js';

const address = inject('temporalAddress');

async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.unreachable('should have failed'),
    (error: unknown) => error,
  );
}

describe('no server', () => {
  test.each([
    ['a client', (nowhere: string) => Connection.connect({ address: nowhere, connectTimeout: 1000 })],
    ['a worker', (nowhere: string) => NativeConnection.connect({ address: nowhere })],
  ])('%s is told that nothing answers, where, and what to do', async (_who, connect) => {
    const nowhere = `127.0.0.1:${await findFreePort()}`;
    const error = toTemporalError(await failure(connect(nowhere)), { address: nowhere, namespace: 'default' });
    expect(error).toMatchObject({ code: 'NO_TEMPORAL_SERVER', hint: expect.stringContaining('TEMPORAL_ADDRESS') as string });
    expect(error.message).toContain(nowhere);
  });

  test('something that is no Temporal server counts as none', async () => {
    const port = await findFreePort();
    const server = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(port, '127.0.0.1');
    await once(server, 'listening');
    const at = `127.0.0.1:${port}`;
    const refused = await failure(Connection.connect({ address: at, connectTimeout: 1000 }));
    expect(toTemporalError(refused, { address: at, namespace: 'default' })).toMatchObject({ code: 'NO_TEMPORAL_SERVER' });
    server.close();
  });
});

describe('wrong namespace', () => {
  const target = { address, namespace: 'no-such-namespace' };
  let connection: Connection;
  let native: NativeConnection;
  beforeAll(async () => {
    connection = await Connection.connect({ address });
    native = await NativeConnection.connect({ address });
  });
  afterAll(async () => {
    await connection.close();
    await native.close();
  });

  test.each([
    ['starting a run', () => new Client({ connection, namespace: target.namespace }).workflow.start('x', { taskQueue: 'q', workflowId: 'w' })],
    ['a raw call of a client', () => connection.workflowService.describeNamespace({ namespace: target.namespace })],
    ['a raw call of a worker', () => native.operatorService.listSearchAttributes({ namespace: target.namespace })],
    [
      'starting a worker',
      async () =>
        Worker.create({ connection: native, namespace: target.namespace, taskQueue: 'q', activities: { a: async () => 1 } }).then((worker) => worker.run()),
    ],
  ])('%s names the namespace', async (_what, act) => {
    const error = toTemporalError(await failure(act()), target);
    expect(error).toMatchObject({ code: 'NAMESPACE_NOT_FOUND' });
    expect(error.message).toContain("'no-such-namespace'");
  });

  test('a run that is not there stays what it was', async () => {
    const original = await failure(new Client({ connection }).workflow.getHandle('absent').describe());
    expect(toTemporalError(original, { address, namespace: 'default' })).toBe(original);
  });
});
