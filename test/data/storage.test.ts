import { rm } from 'node:fs/promises';
import { z } from 'zod';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DistriClient, JsonObject } from '../../src/client/index.js';
import { defineTool } from '../../src/worker/index.js';
import { filesBelow, newKey, openDataStage, type DataStage } from './stage.js';

const TWENTY_MB = 20_000_000;

const tools = [
  defineTool({ name: 'make', input: z.object({ bytes: z.number() }), execute: ({ bytes }) => ({ text: 'x'.repeat(bytes) }) }),
  defineTool({ name: 'pass', input: z.object({ data: z.object({ text: z.string() }) }), execute: ({ data }) => data }),
  defineTool({ name: 'length', input: z.object({ data: z.object({ text: z.string() }) }), execute: ({ data }) => ({ length: data.text.length }) }),
];

const call = (id: string, tool_name: string, input: JsonObject): JsonObject => ({ id, kind: { type: 'tool_call', tool_name }, input });

/** A result of so many bytes that goes from step to step. */
const chain = (bytes: number): JsonObject => ({
  id: 'chain',
  steps: [
    call('one', 'make', { bytes }),
    call('two', 'pass', { data: '{steps.one}' }),
    call('three', 'pass', { data: '{steps.two}' }),
    call('four', 'pass', { data: '{steps.three}' }),
    call('five', 'length', { data: '{steps.four}' }),
  ],
});

describe.each([
  ['plain', false],
  ['encrypted', true],
])('payloads outside the history, %s', (name, encrypted) => {
  let stage: DataStage;
  let client: DistriClient;

  beforeAll(async () => {
    stage = await openDataStage(`storage-${name}`);
    const settings = { payloadDir: stage.folder, ...(encrypted ? { encryptionKeys: [newKey('k1')] } : {}) };
    client = await stage.client(settings);
    await stage.worker(settings, { tools });
  });
  afterAll(async () => {
    await stage?.close();
  });

  test('a result of 20 MB flows through five steps, with a history below 100 kB', async () => {
    const run = await client.start(chain(TWENTY_MB), { executionTimeoutSecs: 200 });
    const snapshot = await run.result();
    expect(snapshot.output).toEqual({ length: TWENTY_MB });
    expect((snapshot.steps['four']?.result as { text: string }).text.length).toBe(TWENTY_MB);
    const { workflowExecutionInfo } = await client.temporal.workflowService.describeWorkflowExecution({
      namespace: client.namespace,
      execution: { workflowId: run.id },
    });
    expect(Number(workflowExecutionInfo?.historySizeBytes)).toBeLessThan(100_000);
  });

  test('what all elements of a fan-out are sent alike is stored once, and its history holds little of it', async () => {
    const before = (await filesBelow(stage.folder)).length;
    const text = 'y'.repeat(6_000);
    const each = { ...call('each', 'length', { data: { text: '{input.text}{item}' } }), for_each: { items: '{input.rows}' } };
    const rows = Array.from({ length: 40 }, (_, row) => row);
    const run = await client.start({ id: 'shared', steps: [each] }, { input: { text, rows }, executionTimeoutSecs: 200 });
    const { output } = await run.result();
    expect(output).toEqual(rows.map((row) => ({ length: 6_000 + String(row).length })));
    const { workflowExecutionInfo } = await client.temporal.workflowService.describeWorkflowExecution({
      namespace: client.namespace,
      execution: { workflowId: run.id },
    });
    expect(Number(workflowExecutionInfo?.historySizeBytes)).toBeLessThan(70_000);
    // The content, and whose it is.
    expect((await filesBelow(stage.folder)).length - before).toBe(2);
  });

  test('a file that is gone is PAYLOAD_MISSING, with its name and the setting', async () => {
    const run = await client.start(chain(300_000), { executionTimeoutSecs: 200 });
    await run.result();
    for (const file of await filesBelow(stage.folder)) await rm(file);
    const error: unknown = await run.snapshot().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'PAYLOAD_MISSING', message: expect.stringContaining(stage.folder) as string });
    expect(String(error)).toContain('DISTRI_PAYLOAD_DIR');
  });
});
