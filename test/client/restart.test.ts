import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startEmbedded } from '../../src/cli/embedded.js';
import { DistriClient } from '../../src/client/index.js';
import { defineTool } from '../../src/worker/define-tool.js';
import { review } from './documents.js';
import { collect, eventually, runWorker } from './stage.js';

test('readers and waiters go on when the server comes back', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'distri-client-'));
  let server = await startEmbedded({ folder, ui: false });
  const port = Number(server.address.split(':')[1]);
  const client = await DistriClient.connect({ address: server.address });
  const tools = [defineTool({ name: 'shout', execute: () => 'OK' })];
  let worker = await runWorker({ server }, { tools });
  const run = await client.start(review);
  const reading = collect(run.events());
  const waiting = run.result();
  await eventually(async () => ((await run.snapshot()).status === 'paused' ? true : undefined));

  await worker.stop();
  await server.stop();
  await expect(client.getRun(run.id).describe()).rejects.toMatchObject({ code: 'NO_TEMPORAL_SERVER' });
  server = await startEmbedded({ folder, port, ui: false });
  worker = await runWorker({ server }, { tools });

  const answer = () => run.answer('approve', { approved: true }, { updateId: 'once' });
  await eventually(() => answer().then(() => true, () => undefined));
  expect((await waiting).status).toBe('completed');
  const seqs = (await reading).map((event) => (event.event === 'step_retrying' ? 0 : event.seq));
  expect(seqs).toEqual(seqs.map((_, index) => index + 1));
  await worker.stop();
  await client.close();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});
