import { expect, test } from 'vitest';
import type { Connection, ConnectionSource } from '../../src/activities/connection.js';
import { Client, Connection as TemporalConnection } from '@temporalio/client';
import { DistriClient } from '../../src/client/index.js';
import { defineTool } from '../../src/worker/define-tool.js';
import { chain, review } from './documents.js';
import { collect, eventually, sharedStage } from './stage.js';

let connections: Connection[] = [];
const source: ConnectionSource = {
  get: async (skill) => connections.find((connection) => connection.skill === skill),
  list: async () => connections,
};
const saved = new Map<string, unknown>();
const tools = [
  defineTool({ name: 'shout', execute: () => 'OK' }),
  defineTool({
    name: 'keeper',
    execute: (given) => {
      const request = given as { action: string; checkpoint_id: string };
      if (request.action === 'save') saved.set(request.checkpoint_id, given);
      if (request.action === 'load') return saved.get(request.checkpoint_id) ?? null;
      return request.action === 'list' ? [...saved.values()] : null;
    },
  }),
];

const stage = sharedStage({ tools, connections: source });

test('connectionsChanged wakes the runs that lack the skill, and no others', async () => {
  const { client } = stage;
  const needy = { id: 'needy', steps: [{ id: 'a', kind: { type: 'checkpoint', message: 'x' }, requires: [{ skill: 'google:drive' }] }] };
  const run = await client.start(needy);
  const other = await client.start(review);
  await eventually(async () => ((await collect(client.listRuns({ missingSkill: 'google:drive' }))).length === 1 ? true : undefined));
  expect((await collect(client.listRuns({ status: 'blocked' })))[0]).toMatchObject({ run_id: run.id, missing: ['google:drive'] });
  connections = [{ skill: 'google:drive', revision: '1' } as Connection];
  const { signalled } = await client.connectionsChanged(['google:drive', 'slack:chat']);
  expect(signalled).toBe(1);
  expect((await run.result()).status).toBe('completed');
  await other.terminate();
});

test('external checkpoints are listed and loaded through their tool', async () => {
  const run = await stage.client.start({ ...chain(2), checkpoint: { type: 'external', tool_name: 'keeper' } });
  await run.result();
  const checkpoints = await run.checkpoints();
  expect(checkpoints.map((checkpoint) => checkpoint.step_id).sort()).toEqual(['s0', 's1']);
  const loaded = await run.loadCheckpoint(`${run.id}/s0`);
  expect(loaded).toMatchObject({ checkpoint: { checkpoint_id: `${run.id}/s0`, step_id: 's0' }, state: { steps: { s0: { message: 'step 0' } } } });
  await expect(run.loadCheckpoint('none')).rejects.toMatchObject({ code: 'CHECKPOINT_NOT_FOUND' });
});

test('twenty readers ask the run no more than ten times a second', async () => {
  const connection = await TemporalConnection.connect({ address: stage.server.address });
  let asked = 0;
  const counting = DistriClient.fromClient(
    new Client({
      connection,
      interceptors: {
        workflow: [
          {
            query: (input, next) => {
              if (input.queryType === 'events') asked += 1;
              return next(input);
            },
          },
        ],
      },
    }),
  );
  const steps = Array.from({ length: 20 }, (_, index) => ({ id: `s${index}`, kind: { type: 'tool_call', tool_name: 'shout' } }));
  const begun = Date.now();
  const run = await counting.start({ id: 'busy', steps });
  const all = await Promise.all(Array.from({ length: 20 }, () => collect(run.events())));
  const tenths = Math.ceil((Date.now() - begun) / 100);
  expect(all.every((events) => events.length === 42)).toBe(true);
  expect(asked).toBeGreaterThan(0);
  expect(asked).toBeLessThanOrEqual(tenths + 1);
  await counting.close();
  await connection.close();
});
