import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { CATALOGUE, CATALOGUE_WORKFLOW_TYPE, catalogueId, type WorkerAnnouncement } from '../../src/definition/messages.js';
import { readCatalogue } from '../../src/temporal/catalogue.js';
import { uniquePrefix, until } from './support.js';

const address = inject('temporalAddress');
const prefix = uniquePrefix('catalogue');
let connection: Connection;
let native: NativeConnection;
let client: Client;
let worker: Worker;
let running: Promise<void>;

beforeAll(async () => {
  connection = await Connection.connect({ address });
  client = new Client({ connection });
  native = await NativeConnection.connect({ address });
  worker = await Worker.create({ connection: native, taskQueue: prefix, workflowBundle: { codePath: inject('workflowBundlePath') } });
  running = worker.run();
});

afterAll(async () => {
  await client.workflow.getHandle(catalogueId(prefix)).terminate();
  worker.shutdown();
  await running;
  await native.close();
  await connection.close();
});

function announcement(identity: string, expiresInMs: number): WorkerAnnouncement {
  return {
    identity,
    skills: ['native:tool'],
    tools: [{ name: `tool of ${identity}`, skill: 'native:tool', hash: 'h', input_schema: { type: 'object' } }],
    expires_at: new Date(Date.now() + expiresInMs).toISOString(),
  };
}

async function announce(argument: unknown): Promise<void> {
  await client.workflow.signalWithStart(CATALOGUE_WORKFLOW_TYPE, {
    workflowId: catalogueId(prefix),
    taskQueue: prefix,
    args: [],
    signal: CATALOGUE.announce,
    signalArgs: [argument],
  });
}

const stays = () => announcement('stays', 3_600_000);
const identities = async () => (await readCatalogue(client, prefix)).map((each) => each.identity);

test('is empty before the first worker announces itself', async () => {
  expect(await readCatalogue(client, uniquePrefix('nobody'))).toEqual([]);
});

test('lists what workers announced, ignores what is malformed, and forgets the expired by itself', async () => {
  const first = stays();
  await announce(first);
  await announce({ identity: 'malformed' });
  await announce(announcement('goes', 8_000));
  const both = await until(() => readCatalogue(client, prefix), (list) => list.length === 2);
  expect(both[0]).toEqual(first);

  const kept = async () => {
    const all = await client.workflow.getHandle(catalogueId(prefix)).query<WorkerAnnouncement[]>(CATALOGUE.catalogue);
    return all.map((each) => each.identity);
  };
  expect(await until(kept, (list) => list.length === 1)).toEqual(['stays']);
});

test('a withdrawal takes a worker out at once', async () => {
  await announce(announcement('leaver', 3_600_000));
  await until(identities, (list) => list.includes('leaver'));
  await announce({ ...announcement('leaver', 0), expires_at: new Date(0).toISOString() });
  await until(identities, (list) => !list.includes('leaver'));
  expect(await identities()).toContain('stays');
});

test('goes on as a new run, with all it knows, when its history grows long', async () => {
  const handle = client.workflow.getHandle(catalogueId(prefix));
  const first = (await handle.describe()).runId;
  const large = announcement('large', 3_600_000);
  large.tools = Array.from({ length: 10 }, (_, index) => ({
    name: `t${index}`,
    skill: 'native:tool',
    hash: 'h',
    input_schema: { description: 'x'.repeat(90_000) },
  }));
  for (let count = 0; count < 6; count += 1) await announce(large);
  // It looks at its length when a signal wakes it, and the server refuses an end that a signal has overtaken: so now and then.
  let announced = 0;
  await until(
    async () => {
      if (Date.now() - announced > 5_000) {
        await announce(stays());
        announced = Date.now();
      }
      return (await handle.describe()).runId;
    },
    (runId) => runId !== first,
  );
  expect((await identities()).sort()).toEqual(['large', 'stays']);
});
