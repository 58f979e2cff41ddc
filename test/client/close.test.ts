import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { DistriClient, type Run, type RunEvent } from '../../src/client/index.js';
import { defineTool } from '../../src/worker/define-tool.js';
import { review } from './documents.js';
import { collect, eventually, openStage, runWorker, type Stage } from './stage.js';

const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);
beforeEach(() => {
  unhandled.length = 0;
  process.on('unhandledRejection', note);
});
afterEach(() => void process.off('unhandledRejection', note));

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage?.close());

async function paused(client: DistriClient): Promise<Run> {
  const run = await client.start(review);
  await eventually(async () => ((await run.snapshot()).status === 'paused' ? true : undefined));
  return run;
}

/** Everything that a program may have left behind when it closes its client. */
async function leaveBehind(run: Run) {
  const reading = collect(run.events());
  const waiting = run.result();
  const pulled = run.events()[Symbol.asyncIterator]();
  await pulled.next();
  const dropped = run.events()[Symbol.asyncIterator]();
  for (let event = ''; event !== 'workflow_paused'; ) event = (await dropped.next() as IteratorYieldResult<RunEvent>).value.event;
  const next = dropped.next();
  return { reading, waiting, next };
}

describe('closing a client', () => {
  let worker: { stop(): Promise<void> };
  beforeAll(async () => {
    worker = await runWorker(stage, { tools: [defineTool({ name: 'shout', execute: () => 'OK' })] });
  });
  afterAll(() => worker.stop());

  test('ends readers where they are and waiters with an error, which nobody has to be there for', async () => {
    const client = await DistriClient.connect({ address: stage.server.address });
    const run = await paused(client);
    const { reading, waiting, next } = await leaveBehind(run);
    await client.close();
    await sleep(200);
    expect(unhandled).toEqual([]);
    expect((await reading).at(-1)).toMatchObject({ event: 'workflow_paused' });
    expect(await next).toEqual({ done: true, value: undefined });
    await expect(waiting).rejects.toThrow('The client was closed');
    await expect(collect(run.events())).rejects.toThrow('The client was closed');
    await stage.client.getRun(run.id).terminate();
  });

  test('stops what its readers have asked of the server, though one of them never leaves', async () => {
    const connection = await Connection.connect({ address: stage.server.address });
    const client = DistriClient.fromClient(new Client({ connection }));
    const run = await paused(client);
    const abandoned = run.events()[Symbol.asyncIterator]();
    await abandoned.next();
    let polls = 0;
    const { workflowService } = connection;
    const poll = workflowService.getWorkflowExecutionHistory.bind(workflowService);
    Object.assign(workflowService, {
      getWorkflowExecutionHistory: (request: Parameters<typeof poll>[0]) => {
        polls += 1;
        return poll(request);
      },
    });
    await client.close();
    await run.answer('approve', { approved: true });
    await sleep(500);
    expect(polls).toBe(0);
    await connection.close();
    expect(unhandled).toEqual([]);
  });

  test('in an outage is no different, and ends at once what is being tried again', async () => {
    const lost = await openStage();
    const its = await runWorker(lost);
    const client = await DistriClient.connect({ address: lost.server.address });
    const run = await client.start({ id: 'waits', steps: [{ id: 'ask', kind: { type: 'wait_for_input', message: 'Well?' } }] });
    const stop = new AbortController();
    const { reading, waiting, next } = await leaveBehind(run);
    const aborted = run.result({ signal: stop.signal }).catch((error: unknown) => error);
    await its.stop();
    await lost.server.stop();
    await sleep(1_000);
    const since = Date.now();
    stop.abort();
    expect(await aborted).toMatchObject({ name: 'AbortError' });
    await client.close();
    expect((await reading).at(-1)).toMatchObject({ event: 'workflow_paused' });
    expect(await next).toEqual({ done: true, value: undefined });
    // Ten tries of one call take half a minute.
    expect(Date.now() - since).toBeLessThan(15_000);
    await sleep(1_000);
    expect(unhandled).toEqual([]);
    await expect(waiting).rejects.toThrow('The client was closed');
    await lost.close();
  });
});
