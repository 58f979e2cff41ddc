import { Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import { NativeConnection } from '@temporalio/worker';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startEmbedded, type EmbeddedServer } from '../../src/cli/embedded.js';
import { SEARCH_ATTRIBUTES } from '../../src/definition/messages.js';
import { ensureSearchAttributes } from '../../src/temporal/search-attributes.js';

const NAMES = Object.keys(SEARCH_ATTRIBUTES).sort();
const { IndexedValueType } = proto.temporal.api.enums.v1;

let server: EmbeddedServer;
let connection: Connection;

beforeAll(async () => {
  server = await startEmbedded({ memory: true, ui: false });
  connection = await Connection.connect({ address: server.address });
});
afterAll(async () => {
  await connection.close();
  await server.stop();
});

async function newNamespace(namespace: string): Promise<string> {
  const workflowExecutionRetentionPeriod = (await connection.workflowService.describeNamespace({ namespace: 'default' })).config
    ?.workflowExecutionRetentionTtl;
  await connection.workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: workflowExecutionRetentionPeriod ?? null });
  // The server learns of a namespace from its cache, some seconds later.
  await expect.poll(() => listed(namespace).catch(() => undefined), { timeout: 60_000 }).toBeDefined();
  return namespace;
}

async function listed(namespace: string): Promise<string[]> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  return Object.keys(customAttributes).sort();
}

test('adds what is missing, several at once, through the connections of clients and of workers', async () => {
  const namespace = await newNamespace('fresh');
  expect(await listed(namespace)).toEqual([]);
  const native = await NativeConnection.connect({ address: server.address });
  const all = await Promise.all([connection, native, connection, native].map((each) => ensureSearchAttributes(each, namespace)));
  await native.close();
  expect(all).toEqual(['present', 'present', 'present', 'present']);
  expect(await listed(namespace)).toEqual(NAMES);
  expect(await ensureSearchAttributes(connection, namespace)).toBe('present');
});

test('leaves a name alone that has another type, and says that the attributes cannot be used', async () => {
  const namespace = await newNamespace('other-type');
  await connection.operatorService.addSearchAttributes({
    namespace,
    searchAttributes: { DistriStatus: IndexedValueType.INDEXED_VALUE_TYPE_INT },
  });
  expect(await ensureSearchAttributes(connection, namespace)).toBe('unavailable');
  expect(await listed(namespace)).toEqual(['DistriStatus']);
});

test('a namespace without room for them does not stop a start', async () => {
  const namespace = await newNamespace('full');
  const searchAttributes = { A: 3, B: 3, C: 3 };
  await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
  expect(await ensureSearchAttributes(connection, namespace)).toBe('unavailable');
});
