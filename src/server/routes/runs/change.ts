import { z } from 'zod';
import { DistriError } from '../../../definition/errors.js';
import type { JsonObject } from '../../../definition/json.js';
import { definitionToRun } from '../../../store/workflows.js';
import { notFound } from '../../../store/workflows/records.js';
import { identityOf } from '../../authentication.js';
import { idempotencyKeyOf, updateIdOfKey } from '../../idempotency.js';
import { checkInnerIds } from '../../own-ids.js';
import { errorResponses } from '../../problem.js';
import { flag } from '../../query.js';
import { TAGS, WRITE, type RunRoutes } from './context.js';
import { decisionsSchema, idempotencyHeaders, objectSchema, runParams, startedSchema } from './schemas.js';
import { answerStart } from './start.js';

const previewQuery = z.strictObject({ preview: flag.optional().describe('true: only say what would happen') });
const dryRun = z.boolean().optional().describe('As preview=true');
const ids = z.array(z.string()).readonly();
const rerunPlan = z.object({ keep: ids, run: ids, reasons: z.record(z.string(), z.unknown()).describe('By step id') }).meta({ id: 'RerunPlan' });
const migrationPlan = z
  .object({ verdict: z.enum(['compatible', 'needs_decisions', 'refused']), steps: z.array(z.unknown()).readonly(), reason: z.string().optional() })
  .meta({ id: 'MigrationPlan' });

const rerunBody = z
  .strictObject({
    from: z.array(z.string()).optional().describe('Steps to run again, with all that depends on them'),
    input: objectSchema.optional(),
    results: objectSchema.optional().describe('Results in place of those that steps had, by step id'),
    definition: objectSchema.optional().describe('A newer definition'),
    env: z.record(z.string(), z.string()).optional(),
    run_id: z.string().optional(),
    dry_run: dryRun,
  })
  .nullish();

const migrateBody = z
  .strictObject({
    definition: objectSchema.optional(),
    version: z.int().min(1).optional().describe('A version of the stored workflow that it is a run of'),
    decisions: decisionsSchema.optional(),
    dry_run: dryRun,
  })
  .refine(({ definition, version }) => (definition === undefined) !== (version === undefined), 'needs either a definition or a version');

/** Running a run again, and moving it to another definition. */
export const changeRoutes: RunRoutes = (app, { client, store, access, starter, note }) => {
  app.post(
    '/v1/runs/:id/rerun',
    {
      config: WRITE,
      schema: {
        tags: TAGS,
        summary: 'Run a run again with the results that it has',
        params: runParams,
        headers: idempotencyHeaders,
        querystring: previewQuery,
        body: rerunBody,
        response: { 200: z.union([z.object({ plan: rerunPlan }), startedSchema]), 201: startedSchema, ...errorResponses },
      },
    },
    async (request, reply) => {
      const { query, headers } = request;
      const body = request.body ?? {};
      const { id } = request.params;
      const identity = identityOf(request);
      await access.check(identity, id);
      const { from, input, results, definition, env, run_id, dry_run } = body;
      const options = { ...(from && { from }), ...(input && { input }), ...(results && { results }), ...(definition && { definition }), ...(env && { env }) };
      if (dry_run === true || query.preview === true) return { plan: await client.rerun(id, { ...options, dryRun: true }) };
      const start = async (given: object) => {
        if (definition !== undefined) await checkInnerIds(store.workflows, identity, definition);
        return client.rerun(id, { ...options, ...given, dryRun: false });
      };
      const started = await starter.start({ user: identity.user, headers, runId: run_id, asked: { rerun_of: id, ...body }, start });
      if (!started.isReplay) note(request, 'rerun', id, { run_id: started.run.run_id });
      return answerStart(reply, started);
    },
  );

  app.post(
    '/v1/runs/:id/migrate',
    {
      config: WRITE,
      schema: {
        tags: TAGS,
        summary: 'Move a run to another definition',
        description: 'Only for whose run it is, and admins: it goes on with their connections.',
        params: runParams,
        headers: idempotencyHeaders,
        querystring: previewQuery,
        body: migrateBody,
        response: { 200: z.object({ plan: migrationPlan, applied: z.boolean().describe('The run goes on by the new definition already; else as soon as its running steps have ended') }), ...errorResponses },
      },
    },
    async (request) => {
      const { body, query, headers } = request;
      const { id } = request.params;
      const identity = identityOf(request);
      const key = idempotencyKeyOf(headers);
      const dryRun = body.dry_run === true || query.preview === true;
      if (dryRun) await access.check(identity, id);
      else await access.checkOwn(identity, id);
      if (body.definition !== undefined) await checkInnerIds(store.workflows, identity, body.definition);
      const definition = body.definition ?? (await storedDefinition(identity, id, body.version));
      const outcome = await client.getRun(id).migrate(definition, {
        ...(body.decisions && { decisions: body.decisions }),
        ...updateIdOfKey(identity.user, key, { migrate: body }),
        dryRun,
      });
      if (!dryRun) note(request, 'migrate', id, body.version === undefined ? {} : { version: body.version });
      return outcome;
    },
  );

  async function storedDefinition(viewer: { user: string; isAdmin: boolean }, runId: string, version: number | undefined): Promise<JsonObject> {
    const { workflowId } = await access.originOf(runId);
    const found = await store.workflows.get(viewer, workflowId, version);
    if (found === undefined) throw version === undefined ? notFound(workflowId) : new DistriError('WORKFLOW_NOT_FOUND', `The run is one of workflow '${workflowId}', which is not stored or has no version ${version}`);
    const { record, at } = found;
    return definitionToRun(record.id, at) as unknown as JsonObject;
  }
};
