import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyRequest } from 'fastify';
import { validate as isUuid } from 'uuid';
import { z } from 'zod';
import { DistriError } from '../../definition/errors.js';
import type { JsonObject } from '../../definition/json.js';
import { OVERLAPS } from '../../definition/schema.js';
import { instantSchema } from '../../store/storable.js';
import type { OwnedTrigger } from '../../store/triggers.js';
import { hasRole, requireRole } from '../../store/workflows.js';
import type { App, Routes, ServerDeps } from '../app.js';
import { identityOf } from '../authentication.js';
import { errorResponses } from '../problem.js';
import { startSweeping } from '../triggers/reconcile.js';
import { scheduleId } from '../triggers/schedule.js';
import { triggerViewSchema, viewTriggers } from '../triggers/view.js';
import { WEBHOOK_MOUNT } from './webhooks.js';

/** How long to wait for a run that was asked for, to tell its id. */
const RUN_SHOWS_WITHIN_MS = 5_000;
const LOOK_EVERY_MS = 100;

const triggerParams = z.object({ trigger_id: z.string() });
const nothing = z.object({}).meta({ id: 'TriggerDone' });
const backfillSchema = z
  .object({
    from: instantSchema,
    to: instantSchema,
    overlap: z.enum(OVERLAPS).optional().describe('Default buffer_all: one after the other'),
  })
  .refine(({ from, to }) => Date.parse(from) < Date.parse(to), { message: 'must be after from', path: ['to'] })
  .meta({ id: 'Backfill' });

/** What starts runs of workflows by itself, and how schedules are operated. */
export const triggerRoutes: Routes = (app, deps) => {
  const { store, client, settings } = deps;
  let stopSweeping = async (): Promise<void> => undefined;
  app.addHook('onReady', async () => {
    stopSweeping = startSweeping(deps);
  });
  app.addHook('onClose', () => stopSweeping());

  app.get(
    '/v1/workflows/:id/triggers',
    {
      config: { access: 'workflows:read' },
      schema: {
        tags: ['triggers'],
        summary: 'What starts runs of a workflow by itself: schedules, webhooks, events',
        params: z.object({ id: z.string() }),
        response: { 200: z.object({ items: z.array(triggerViewSchema) }), ...errorResponses },
      },
    },
    async (request) => {
      const { id } = request.params;
      const found = requireRole(id, await store.workflows.get(identityOf(request), id), 'read');
      const { record, at } = found;
      const workflow = { ...record, document: at.document };
      const items = await viewTriggers(deps, workflow, (path) => `${settings.publicUrl}${WEBHOOK_MOUNT}${path}`);
      // Its runs are its owner's.
      return { items: hasRole(found, 'edit') ? items : items.map(({ last_runs: _, ...item }) => item) };
    },
  );

  const operation = (summary: string) => ({
    config: { access: 'workflows:write' as const },
    schema: { tags: ['triggers'], summary, params: triggerParams },
  });

  for (const [verb, summary] of [['pause', 'Starts no runs until it is resumed'], ['resume', 'Goes on after a pause']] as const) {
    const { schema, config } = operation(summary);
    app.post(`/v1/triggers/:trigger_id/${verb}`, { config, schema: { ...schema, response: { 200: nothing, ...errorResponses } } }, async (request) => {
      const trigger = await scheduleToOperate(deps, request, request.params.trigger_id);
      const note = `${verb === 'pause' ? 'Paused' : 'Resumed'} by ${identityOf(request).user}`;
      await client.schedules[verb](scheduleId(trigger.id), note);
      noteDeed(app, request, trigger, verb);
      return {};
    });
  }

  const run = operation('Starts a run now');
  app.post(
    '/v1/triggers/:trigger_id/run',
    { config: run.config, schema: { ...run.schema, response: { 202: z.object({ run_id: z.string().optional() }).meta({ id: 'TriggerRun' }), ...errorResponses } } },
    async (request, reply) => {
      const trigger = await scheduleToOperate(deps, request, request.params.trigger_id);
      const id = scheduleId(trigger.id);
      const before = new Set((await client.schedules.describe(id))?.runs.map(({ runId }) => runId));
      await client.schedules.trigger(id);
      noteDeed(app, request, trigger, 'run');
      const runId = await newRunOf(deps, id, before);
      return reply.status(202).send(runId === undefined ? {} : { run_id: runId });
    },
  );

  const backfill = operation('Starts the runs that were due in a stretch of time');
  app.post(
    '/v1/triggers/:trigger_id/backfill',
    { config: backfill.config, schema: { ...backfill.schema, body: backfillSchema, response: { 202: nothing, ...errorResponses } } },
    async (request, reply) => {
      const trigger = await scheduleToOperate(deps, request, request.params.trigger_id);
      const { from, to, overlap = 'buffer_all' } = request.body;
      await client.schedules.backfill(scheduleId(trigger.id), { from: new Date(from), to: new Date(to), overlap });
      noteDeed(app, request, trigger, 'backfill', { from, to, overlap });
      return reply.status(202).send({});
    },
  );
};

/** Throws `NOT_FOUND` for a trigger that is not to be seen, `FORBIDDEN`, and `BAD_TRIGGER` for what is no schedule. */
async function scheduleToOperate({ store }: ServerDeps, request: FastifyRequest, triggerId: string): Promise<OwnedTrigger> {
  const trigger = isUuid(triggerId) ? await store.triggers.find(triggerId.toLowerCase()) : undefined;
  const workflow = trigger && (await store.workflows.find(identityOf(request), trigger.workflowId));
  if (trigger === undefined || workflow === undefined) {
    throw new DistriError('NOT_FOUND', `There is no trigger '${triggerId}'`, { hint: 'Look at the triggers of the workflow: GET /v1/workflows/{id}/triggers' });
  }
  requireRole(trigger.workflowId, workflow, 'edit');
  if (trigger.type !== 'schedule') throw new DistriError('BAD_TRIGGER', `The trigger is of type ${trigger.type}: only a schedule can be operated`);
  return trigger;
}

function noteDeed({ deeds }: App, request: FastifyRequest, { id, workflowId, entryPointId }: OwnedTrigger, verb: string, detail: JsonObject = {}): void {
  deeds.note({
    actor: identityOf(request).user,
    action: `trigger.${verb}`,
    target: `workflow:${workflowId}`,
    detail: { trigger_id: id, entry_point: entryPointId, ...detail },
  });
}

/** Temporal starts it a moment later. Undefined when it does not show in time. */
async function newRunOf({ client }: ServerDeps, id: string, before: ReadonlySet<string>): Promise<string | undefined> {
  for (const until = Date.now() + RUN_SHOWS_WITHIN_MS; Date.now() < until; await sleep(LOOK_EVERY_MS)) {
    const found = (await client.schedules.describe(id))?.runs.find(({ runId }) => !before.has(runId));
    if (found !== undefined) return found.runId;
  }
  return undefined;
}
