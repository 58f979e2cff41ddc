import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JsonObject } from '../../src/definition/json.js';
import { openProcesses, type Processes } from './processes.js';
import { openStream, type Message } from './sse.js';

const STEPS = 12;

let processes: Processes;
beforeAll(async () => {
  processes = await openProcesses();
  await processes.startWorker();
});
afterAll(() => processes.close());

/** Steps one after the other, for some seconds. */
const definition: JsonObject = {
  id: 'long',
  steps: Array.from({ length: STEPS }, (_, n) => ({
    id: `step-${n}`,
    ...(n > 0 && { depends_on: [`step-${n - 1}`] }),
    kind: { type: 'script', command: 'sleep 0.5' },
    input: {},
  })),
};

/** Reads until an event is there, then kills the API while the stream is open. */
async function readAndKill(runId: string, lastEventId: string | undefined, last: string): Promise<Message[]> {
  const stream = await openStream(processes, `/v1/runs/${runId}/events`, { as: processes.token, ...(lastEventId !== undefined && { lastEventId }) });
  const messages: Message[] = [];
  let killed: Promise<unknown> | undefined;
  try {
    for await (const message of stream.messages()) {
      messages.push(message);
      if (message.event === 'step_completed' && message.data.step_id === last) killed = processes.killApi();
    }
  } catch (error) {
    // The stream breaks when its server dies.
    if (killed === undefined) throw error;
  }
  await killed;
  return messages;
}

test('a reader whose API is killed, twice, goes on after the last event that it saw, with no gap and no repeat', async () => {
  const response = await fetch(`${processes.url}/v1/runs`, {
    method: 'POST',
    headers: { authorization: `Bearer ${processes.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ definition }),
  });
  const { run_id: runId } = (await response.json()) as { run_id: string };
  const seen = await readAndKill(runId, undefined, 'step-1');
  for (const last of ['step-5', 'none']) {
    await processes.startApi();
    seen.push(...(await readAndKill(runId, seen.at(-1)?.id, last)));
  }
  const ids = seen.flatMap(({ id }) => (id === undefined ? [] : [Number(id)]));
  expect(ids).toEqual(ids.map((_, index) => index + 1));
  const completed = seen.filter(({ event }) => event === 'step_completed').map(({ data }) => (data as { step_id: string }).step_id);
  expect(completed).toEqual(Array.from({ length: STEPS }, (_, n) => `step-${n}`));
  expect(seen.at(-1)?.event).toBe('workflow_completed');

  const whole = await openStream(processes, `/v1/runs/${runId}/events`, { as: processes.token });
  expect((await whole.rest()).filter(({ id }) => id !== undefined)).toEqual(seen.filter(({ id }) => id !== undefined));
});
