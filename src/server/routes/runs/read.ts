import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { CheckpointsOptions, RunSnapshot } from '../../../client/index.js';
import { orArchived } from '../../archive.js';
import { identityOf } from '../../authentication.js';
import { goneOf } from '../../gone.js';
import type { Identity } from '../../identity.js';
import { cursorAt, placeOf } from '../../list-cursor.js';
import { pageQuery, pageSchema } from '../../page.js';
import { errorResponses } from '../../problem.js';
import { READ, TAGS, type RunContext, type RunRoutes } from './context.js';
import { shown } from './list.js';
import { runInfoSchema, runParams, snapshotSchema, stepSchema } from './schemas.js';

/** Pages of runs of the same workflow that are looked through for one page of reruns: Temporal cannot search by what a run is a rerun of. */
const MOST_LOOKED_THROUGH = 10;

const EXTERNAL = 'Those that a tool keeps (checkpoint: external) are asked for by a run, whose owner is that of this one: that needs runs:write too.';

/** A tool that keeps checkpoints is asked by a run, which only who may start runs can cause. */
function howToRead({ scopes }: Identity, reply: FastifyReply): CheckpointsOptions {
  return { signal: goneOf(reply), mayStart: scopes.has('runs:write') };
}

/** From Temporal, or from the archive when Temporal no longer knows the run. Throws `RUN_NOT_FOUND`. */
async function snapshotOf({ client, store }: RunContext, runId: string): Promise<RunSnapshot> {
  return orArchived(store, runId, () => client.getRun(runId).snapshot(), ({ snapshot }) => snapshot);
}

/** A run, its steps, its context, and what came of it. */
export const readRoutes: RunRoutes = (app, context) => {
  const { client, access } = context;

  app.get(
    '/v1/runs/:id',
    { config: READ, schema: { tags: TAGS, summary: 'A run at this moment', params: runParams, response: { 200: snapshotSchema, ...errorResponses } } },
    async (request) => {
      const { id } = request.params;
      await access.check(identityOf(request), id);
      return snapshotOf(context, id);
    },
  );

  app.get(
    '/v1/runs/:id/steps',
    {
      config: READ,
      schema: { tags: TAGS, summary: 'The steps of a run, in document order', params: runParams, querystring: z.strictObject(pageQuery), response: { 200: pageSchema(stepSchema), ...errorResponses } },
    },
    async (request) => {
      const { id } = request.params;
      const { limit, cursor } = request.query;
      await access.check(identityOf(request), id);
      const from = cursor === undefined ? 0 : Number(placeOf(cursor, { steps: id }));
      const steps = Object.entries((await snapshotOf(context, id)).steps);
      const items = steps.slice(from, from + limit).map(([stepId, step]) => ({ id: stepId, ...step }));
      return { items, ...(from + limit < steps.length ? { next_cursor: cursorAt(String(from + limit), { steps: id }) } : {}) };
    },
  );

  app.get(
    '/v1/runs/:id/context',
    { config: READ, schema: { tags: TAGS, summary: 'All that references see', params: runParams, response: { 200: z.record(z.string(), z.unknown()), ...errorResponses } } },
    async (request) => {
      const { id } = request.params;
      await access.check(identityOf(request), id);
      return (await snapshotOf(context, id)).context;
    },
  );

  app.get(
    '/v1/runs/:id/reruns',
    {
      config: READ,
      schema: {
        tags: TAGS,
        summary: 'The runs that are reruns of this one, newest first',
        description: 'A new one shows after up to a few seconds. A page may hold none and yet have a next one.',
        params: runParams,
        querystring: z.strictObject(pageQuery),
        response: { 200: pageSchema(runInfoSchema), ...errorResponses },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const { limit, cursor } = request.query;
      const identity = identityOf(request);
      await access.check(identity, id);
      const { workflow_id, started_at } = await client.getRun(id).describe();
      const seesAll = identity.isAdmin || (await access.mayEdit(identity, workflow_id));
      const asked = { workflowId: workflow_id, startedAfter: started_at, ...(seesAll ? {} : { owner: identity.user }) };
      const gone = goneOf(reply);
      let next = cursor === undefined ? undefined : placeOf(cursor, { reruns: id, ...asked });
      for (let looked = 1; ; looked += 1) {
        const page = await client.listRunsPage({ ...asked, limit }, next);
        const items = page.runs.filter((run) => run.rerun_of === id).map(shown);
        next = page.next;
        if (next === undefined) return { items };
        if (items.length > 0 || looked === MOST_LOOKED_THROUGH || gone.aborted) return { items, next_cursor: cursorAt(next, { reruns: id, ...asked }) };
      }
    },
  );

  const checkpointSchema = z.object({ checkpoint_id: z.string(), workflow_id: z.string(), step_id: z.string(), created_at: z.string() }).meta({ id: 'RunCheckpoint' });

  app.get(
    '/v1/runs/:id/checkpoints',
    {
      config: READ,
      schema: { tags: TAGS, summary: 'The checkpoints of a run, oldest first', description: EXTERNAL, params: runParams, response: { 200: z.object({ items: z.array(checkpointSchema) }), ...errorResponses } },
    },
    async (request, reply) => {
      const { id } = request.params;
      const identity = identityOf(request);
      await access.check(identity, id);
      return { items: await client.getRun(id).checkpoints(howToRead(identity, reply)) };
    },
  );

  app.get(
    '/v1/runs/:id/checkpoints/:checkpoint_id',
    {
      config: READ,
      schema: {
        tags: TAGS,
        summary: 'The state at a checkpoint',
        description: EXTERNAL,
        params: runParams.extend({ checkpoint_id: z.string().describe('Percent-encoded') }),
        response: { 200: z.object({ checkpoint: checkpointSchema, state: z.unknown() }), ...errorResponses },
      },
    },
    async (request, reply) => {
      const { id, checkpoint_id } = request.params;
      const identity = identityOf(request);
      await access.check(identity, id);
      return client.getRun(id).loadCheckpoint(checkpoint_id, howToRead(identity, reply));
    },
  );
};
