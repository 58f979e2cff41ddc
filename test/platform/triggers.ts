import { pino } from 'pino';
import type { JsonObject, JsonValue } from '../../src/definition/json.js';
import { checkTriggers } from '../../src/server/triggers/check.js';
import { reconcileTriggers, removeTriggers } from '../../src/server/triggers/reconcile.js';
import { readContent } from '../../src/store/workflows.js';
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

/** Saves a new workflow as the route does; gives its id. */
export async function save(platform: Platform, document: JsonValue, owner = 'ann'): Promise<string> {
  const content = readContent(JSON.stringify(document), 4_000_000);
  const deps = depsOf(platform);
  await checkTriggers(deps, { definition: content.definition, owner });
  const { record } = await platform.store.workflows.create(owner, { content });
  await reconcileTriggers(deps, record.id);
  return record.id;
}

export async function update(platform: Platform, id: string, document: JsonValue, owner = 'ann'): Promise<void> {
  const content = readContent(JSON.stringify(document), 4_000_000);
  const deps = depsOf(platform);
  await checkTriggers(deps, { definition: content.definition, owner, workflowId: id });
  await platform.store.workflows.update({ user: owner, isAdmin: false }, id, { content });
  await reconcileTriggers(deps, id);
}

export async function remove(platform: Platform, id: string, owner = 'ann'): Promise<void> {
  await removeTriggers(depsOf(platform), id, () => platform.store.workflows.delete({ user: owner, isAdmin: false }, id));
}

/** All runs of a workflow that the server lists now. */
export async function runsOf({ client }: Platform, workflowId: string): Promise<string[]> {
  const ids: string[] = [];
  for await (const { run_id } of client.listRuns({ workflowId })) ids.push(run_id);
  return ids;
}
