import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { WorkerGroup } from '../../src/worker/group.js';
import { uniquePrefix, until } from './support.js';

let connection: NativeConnection;
beforeAll(async () => {
  connection = await NativeConnection.connect({ address: inject('temporalAddress') });
});
afterAll(() => connection.close());

async function worker(): Promise<Worker> {
  return Worker.create({ connection, taskQueue: uniquePrefix('group'), activities: { nothing: async () => null } });
}

test('runs all Workers, those added later too, until it is stopped', async () => {
  const group = new WorkerGroup();
  await group.add('a', await worker());
  const ended = group.run();
  expect(group.isRunning).toBe(true);
  const late = await worker();
  await group.add('b', late);
  expect(late.getState()).toBe('RUNNING');
  await group.stop();
  await ended;
  expect([...group.queues.values()].map((each) => each.getState())).toEqual(['STOPPED', 'STOPPED']);
});

test('stops the others when one ends', async () => {
  const group = new WorkerGroup();
  const [one, other] = [await worker(), await worker()];
  await group.add('one', one);
  await group.add('other', other);
  const ended = group.run();
  await until(() => group.isRunning, (running) => running);
  one.shutdown();
  await ended;
  expect(other.getState()).toBe('STOPPED');
});

test('stops the others when one fails, and rejects with its error', async () => {
  const group = new WorkerGroup();
  const [one, other] = [await worker(), await worker()];
  await group.add('one', one);
  await group.add('other', other);
  // A Worker that runs already cannot be run again: the plainest way in which a real one fails.
  const running = one.run();
  await expect(group.run()).rejects.toThrow('Poller was already started');
  expect(other.getState()).toBe('STOPPED');
  await running;
});

test('lets go of a Worker that is added while it stops', async () => {
  const group = new WorkerGroup();
  await group.stop();
  const late = await worker();
  await group.add('late', late);
  expect(late.getState()).toBe('STOPPED');
});
