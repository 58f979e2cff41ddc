import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { definitionToRun, requireRole } from '../../../store/workflows.js';
import { identityOf } from '../../authentication.js';
import { inexactIn } from '../../body.js';
import { REPLAYED_HEADER } from '../../idempotency.js';
import { checkOwnIds } from '../../own-ids.js';
import { errorResponses } from '../../problem.js';
import type { StartAnswer, StartedRun } from '../../run-starter.js';
import { TAGS, WRITE, type RunRoutes } from './context.js';
import { idempotencyHeaders, objectSchema, startedSchema } from './schemas.js';

const startFields = {
  input: objectSchema.optional().describe('Fits the input schema of the definition'),
  entry_point: z.string().optional(),
  env: z.record(z.string(), z.string()).optional().describe('For {env.X}; kept in the history of the run, so no secrets'),
  run_id: z.string().optional().describe('At most 1,000 bytes, no slash. All users share the ids, so prefer an Idempotency-Key, which excludes it. Default: one that is made'),
};

const inlineBody = z.strictObject({ definition: objectSchema.describe('A workflow document, or one in its agent wrapper'), ...startFields });
const storedBody = z.strictObject({ version: z.int().min(1).optional().describe('Default: the newest'), ...startFields }).nullish();

const responses = { 200: startedSchema.describe('It was started before by the same request'), 201: startedSchema, ...errorResponses };

type StartFields = z.infer<z.ZodObject<typeof startFields>>;

/** A start as the client takes it. */
function optionsOf({ input, entry_point, env }: StartFields, request: FastifyRequest) {
  return { ...(input && { input }), inexact: inexactIn(request, 'input'), ...(entry_point !== undefined && { entryPoint: entry_point }), ...(env && { env }) };
}

/** Answers a start: 201 and where the run is, or 200 when it was there already. */
export function answerStart(reply: FastifyReply, { run, isReplay }: StartAnswer): StartedRun {
  reply.status(isReplay ? 200 : 201).header('location', `/v1/runs/${encodeURIComponent(run.run_id)}`);
  if (isReplay) reply.header(REPLAYED_HEADER, 'true');
  return run;
}

/** Starts of runs: of a document in the request, and of a stored workflow. */
export const startRoutes: RunRoutes = (app, { client, store, starter, note }) => {
  /** A start that was asked for before is noted already. */
  const noted = (request: FastifyRequest, started: StartAnswer): StartAnswer => {
    const { run_id, workflow_id, version } = started.run;
    if (!started.isReplay) note(request, 'start', run_id, { workflow_id, ...(version === undefined ? {} : { version }) });
    return started;
  };

  app.post(
    '/v1/runs',
    { config: WRITE, schema: { tags: TAGS, summary: 'Start a run of a document', headers: idempotencyHeaders, body: inlineBody, response: responses } },
    async (request, reply) => {
      const { body, headers } = request;
      const { definition, run_id } = body;
      const identity = identityOf(request);
      const start = async (options: object) => {
        await checkOwnIds(store.workflows, identity, definition);
        return client.start(definition, { ...optionsOf(body, request), ...options });
      };
      return answerStart(reply, noted(request, await starter.start({ user: identity.user, headers, runId: run_id, asked: body, start })));
    },
  );

  app.post(
    '/v1/workflows/:id/run',
    {
      config: WRITE,
      schema: { tags: TAGS, summary: 'Start a run of a stored workflow', headers: idempotencyHeaders, params: z.object({ id: z.string() }), body: storedBody, response: responses },
    },
    async (request, reply) => {
      const body = request.body ?? {};
      const { id } = request.params;
      const identity = identityOf(request);
      const start = async (options: object) => {
        const { record, at } = requireRole(id, await store.workflows.get(identity, id, body.version), 'run');
        return client.start(definitionToRun(record.id, at), { ...optionsOf(body, request), ...options });
      };
      return answerStart(reply, noted(request, await starter.start({ user: identity.user, headers: request.headers, runId: body.run_id, asked: { workflow_id: id, ...body }, start })));
    },
  );
};
