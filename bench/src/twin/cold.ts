/** What `distri-workflow run --json` does, by hand: a server with its data in a folder, a worker, a run of three steps. */
import { Client, Connection } from '@temporalio/client';
import { startEmbedded } from '../../../dist/cli/embedded.js';
import { TWIN_QUEUE } from './names.js';
import { createTwin } from './worker.js';
import type { chain } from './workflows.js';

const [folder = '', bundlePath = ''] = process.argv.slice(2);
const server = await startEmbedded({ folder });
const twin = await createTwin(server.address, server.namespace, bundlePath);
const running = twin.run();
const connection = await Connection.connect({ address: server.address });
const client = new Client({ connection, namespace: server.namespace });
const result = await client.workflow.execute<typeof chain>('chain', {
  taskQueue: TWIN_QUEUE,
  workflowId: `cold-${Date.now()}`,
  args: [{ steps: 3 }],
});
console.log(JSON.stringify(result));
twin.stop();
await running;
await connection.close();
await server.stop();
