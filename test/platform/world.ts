import { randomUUID } from 'node:crypto';
import { expect, vi } from 'vitest';
import type { Answer, Platform } from './stage.js';

/** One thing of each kind that the API knows, all of one user. */
export interface World {
  readonly owner: string;
  readonly workflowId: string;
  /** Waits for the answer of the step `ask`, a boolean `go`. */
  readonly runId: string;
  readonly checkpointId: string;
  readonly triggerId: string;
  /** Below the mount. */
  readonly webhookPath: string;
  readonly topic: string;
  readonly tokenId: string;
  readonly skill: string;
}

/** Has been saved before it waits for an answer; starts by a schedule, a webhook and an event. */
export function everyTrigger(name: string) {
  return {
    id: 'everything',
    steps: [
      { id: 'say', kind: { type: 'checkpoint', message: 'hi' } },
      { id: 'ask', kind: { type: 'wait_for_input', message: 'Go on?', schema: { type: 'object', properties: { go: { type: 'boolean' } }, required: ['go'] } }, depends_on: ['say'] },
    ],
    entry_points: [
      {
        id: 'main',
        starts_at: 'say',
        triggers: [
          { type: 'schedule', cron: '0 0 29 2 *', overlap: 'allow_all' },
          { type: 'webhook', path: name, auth: { type: 'none' } },
          { type: 'event', topic: name },
        ],
      },
    ],
  };
}

/** Makes a world for this user. */
export async function makeWorld(platform: Platform, owner = `ann-${randomUUID().slice(0, 8)}`): Promise<World> {
  const name = `w-${randomUUID().slice(0, 8)}`;
  const skill = `${name}:api`;
  const ask = async (method: string, path: string, body?: object): Promise<Answer['body']> => {
    const answer = await platform.send(method, path, { as: owner, body });
    expect(answer.status, `${method} ${path}: ${answer.text}`).toBeLessThan(300);
    return answer.body;
  };
  const { id: workflowId } = await ask('POST', '/v1/workflows', everyTrigger(name));
  const { run_id: runId } = await ask('POST', `/v1/workflows/${workflowId}/run`);
  // A run of a trigger, so that lists hold one.
  await ask('POST', '/v1/events', { topic: name });
  const { id: tokenId } = await ask('POST', '/v1/tokens', { name, scopes: ['runs:read'] });
  await ask('PUT', `/v1/connections/${skill}`, { secrets: { TOKEN: 'a secret token' } });
  const { items } = await ask('GET', `/v1/workflows/${workflowId}/triggers`);
  const triggerId: string = items.find(({ type }: { type: string }) => type === 'schedule').id;
  const checkpoints = await vi.waitFor(
    async () => {
      expect((await ask('GET', `/v1/runs/${runId}`)).status).toBe('paused');
      return ask('GET', `/v1/runs/${runId}/checkpoints`);
    },
    { timeout: 30_000, interval: 50 },
  );
  return { owner, workflowId, runId, checkpointId: checkpoints.items[0].checkpoint_id, triggerId, webhookPath: name, topic: name, tokenId, skill };
}
