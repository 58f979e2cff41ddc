import { pino } from 'pino';
import type { JsonObject, JsonValue } from '../../src/definition/json.js';
import type { Platform } from './stage.js';

const logger = pino({ level: 'silent' });

export function depsOf({ client, store }: Platform) {
  return { client, store, logger };
}

/** A document of one step that gives its input back, with these triggers at the entry point `main`. */
export function echo(triggers: JsonObject[], more: JsonObject = {}): JsonObject {
  return {
    steps: [{ id: 'say', kind: { type: 'checkpoint', message: 'hi' } }],
    output: '{input}',
    entry_points: [{ id: 'main', starts_at: 'say', triggers }],
    ...more,
  };
}

/** A document that waits until it is answered or canceled. */
export function waiting(triggers: JsonObject[]): JsonObject {
  return { steps: [{ id: 'ask', kind: { type: 'wait_for_input', message: 'well?' } }], entry_points: [{ id: 'main', starts_at: 'ask', triggers }] };
}

/** Saves a new workflow; gives its id. Throws the problem details of a refusal. */
export async function save(platform: Platform, document: JsonValue, owner = 'ann'): Promise<string> {
  const { status, body } = await platform.send('POST', '/v1/workflows', { body: document, as: owner });
  if (status !== 201) throw body;
  return body.id;
}

/** Saves another version. Throws as `save`. */
export async function update(platform: Platform, id: string, document: JsonValue, owner = 'ann'): Promise<void> {
  const { status, body } = await platform.send('PUT', `/v1/workflows/${id}`, { body: document, as: owner });
  if (status !== 200) throw body;
}

export async function remove(platform: Platform, id: string, owner = 'ann'): Promise<void> {
  const { status, body } = await platform.send('DELETE', `/v1/workflows/${id}`, { as: owner });
  if (status !== 204) throw body;
}

/** All runs of a workflow that the server lists now. */
export async function runsOf({ client }: Platform, workflowId: string): Promise<string[]> {
  const ids: string[] = [];
  for await (const { run_id } of client.listRuns({ workflowId })) ids.push(run_id);
  return ids;
}
