import type { Client } from '@temporalio/client';
import { expect, test, vi } from 'vitest';
import { tellBlockedRuns } from './blocked-runs.js';

/** A client of a server that always lists these runs as blocked. */
function listing(runIds: readonly string[]) {
  const told: string[] = [];
  const client = {
    options: { namespace: 'default' },
    withAbortSignal: (_signal: AbortSignal, call: () => unknown) => call(),
    workflowService: { listWorkflowExecutions: async () => ({ executions: runIds.map((workflowId) => ({ execution: { workflowId } })) }) },
    workflow: { getHandle: (runId: string) => ({ signal: async () => void told.push(runId) }) },
  } as unknown as Client;
  return { client, told };
}

test.each([
  ['each run once', false, ['a', 'b']],
  ['runs that are still blocked once more, for a worker that may not have polled when they looked', true, ['a', 'b', 'a', 'b']],
])('tells %s', async (_what, repeats, expected) => {
  const { client, told } = listing(['a', 'b']);
  const ended = new AbortController();
  const list = vi.spyOn(client.workflowService, 'listWorkflowExecutions');
  const { signalled, settled } = await tellBlockedRuns({ client, skills: ['gpu:large'], ended: ended.signal, repeats, failed: (error) => expect.fail(String(error)) });
  expect(signalled).toBe(2);
  await vi.waitFor(() => expect(list).toHaveBeenCalledTimes(2), { timeout: 30_000, interval: 50 });
  await vi.waitFor(() => expect(told).toEqual(expected));
  ended.abort();
  await settled;
});

test('tells so many runs at most', async () => {
  const { client } = listing(Array.from({ length: 5_000 }, (_, index) => `run-${index}`));
  const ended = new AbortController();
  ended.abort();
  const { signalled, settled } = await tellBlockedRuns({ client, skills: ['gpu:large'], ended: ended.signal, failed: () => undefined });
  expect(signalled).toBe(2_000);
  await settled;
});
