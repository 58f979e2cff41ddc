import { z } from 'zod';
import type { Run, UpdateOptions } from '../../../client/index.js';
import { identityOf } from '../../authentication.js';
import { idempotencyKeyOf, updateIdOfKey, type KeyHeaders } from '../../idempotency.js';
import type { Identity } from '../../identity.js';
import { errorResponses } from '../../problem.js';
import { TAGS, WRITE, type RunRoutes } from './context.js';
import { idempotencyHeaders, jsonSchema, runParams, stepIndex } from './schemas.js';

const answerBody = z.strictObject({ step_id: z.string(), index: stepIndex, value: jsonSchema.describe('Fits the schema of the step') });
const reasonBody = z.strictObject({ reason: z.string().optional() }).nullish();
const retryBody = z.strictObject({ step_id: z.string().optional().describe('Default: all steps that the run holds for'), index: stepIndex }).nullish();
const skipBody = z.strictObject({ step_id: z.string(), index: stepIndex, result: jsonSchema.optional().describe('What references to the step see from then on') });

const nothing = { 204: z.null().describe('Done'), ...errorResponses };

interface Request {
  readonly identity: Identity | undefined;
  readonly headers: KeyHeaders;
  readonly params: { readonly id: string };
}

/** What may be done to a run while it goes on. A message with an Idempotency-Key counts once, however often it is sent. */
export const controlRoutes: RunRoutes = (app, { client, access, note }) => {
  /** The run of a request, when its user may act on it, and the id of the update that the request is. */
  async function target(request: Request, message: object): Promise<{ run: Run; update: UpdateOptions }> {
    const identity = identityOf(request);
    const key = idempotencyKeyOf(request.headers);
    await access.check(identity, request.params.id);
    return { run: client.getRun(request.params.id), update: updateIdOfKey(identity.user, key, message) };
  }
  const element = (index: number | undefined): { index?: number } => (index === undefined ? {} : { index });
  const common = { tags: TAGS, params: runParams };
  const keyed = { ...common, headers: idempotencyHeaders };

  app.post('/v1/runs/:id/answer', { config: WRITE, schema: { ...keyed, summary: 'Answer a step that waits for input', body: answerBody, response: nothing } }, async (request, reply) => {
    const { step_id, index, value } = request.body;
    const { run, update } = await target(request, { answer: { step_id, ...element(index), value } });
    await run.answer(step_id, value, { ...element(index), ...update });
    note(request, 'answer', run.id, { step_id, ...element(index) });
    return reply.status(204).send(null);
  });

  app.post('/v1/runs/:id/pause', { config: WRITE, schema: { ...keyed, summary: 'Let nothing new start', response: nothing } }, async (request, reply) => {
    const { run, update } = await target(request, { pause: null });
    await run.pause(update);
    note(request, 'pause', run.id);
    return reply.status(204).send(null);
  });

  app.post('/v1/runs/:id/resume', { config: WRITE, schema: { ...keyed, summary: 'End a pause, or give up the steps that the run holds for', response: nothing } }, async (request, reply) => {
    const { run, update } = await target(request, { resume: null });
    await run.resume(update);
    note(request, 'resume', run.id);
    return reply.status(204).send(null);
  });

  app.post(
    '/v1/runs/:id/retry',
    { config: WRITE, schema: { ...keyed, summary: 'Run failed steps again for which the run holds', body: retryBody, response: { 200: z.object({ retried: z.array(z.string()) }), ...errorResponses } } },
    async (request) => {
      const { step_id, index } = request.body ?? {};
      const { run, update } = await target(request, { retry: { ...(step_id === undefined ? {} : { step_id }), ...element(index) } });
      const retried = step_id === undefined ? await run.retryHeld() : [step_id];
      if (step_id !== undefined) await run.retry(step_id, { ...element(index), ...update });
      note(request, 'retry', run.id, { steps: retried, ...element(index) });
      return { retried };
    },
  );

  app.post('/v1/runs/:id/skip', { config: WRITE, schema: { ...keyed, summary: 'Settle a step as skipped', body: skipBody, response: nothing } }, async (request, reply) => {
    const { step_id, index, result } = request.body;
    const given = { ...element(index), ...(result === undefined ? {} : { result }) };
    const { run, update } = await target(request, { skip: { step_id, ...given } });
    await run.skip(step_id, { ...given, ...update });
    note(request, 'skip', run.id, { step_id, ...element(index) });
    return reply.status(204).send(null);
  });

  app.post(
    '/v1/runs/:id/cancel',
    { config: WRITE, schema: { ...common, summary: 'Ask a run to cancel: it lets running steps stop, and then ends', body: reasonBody, response: { 202: z.null().describe('Asked; an ended run stays as it is'), ...errorResponses } } },
    async (request, reply) => {
      const { run } = await target(request, {});
      await run.cancel(request.body?.reason);
      note(request, 'cancel', run.id, reasonOf(request.body));
      return reply.status(202).send(null);
    },
  );

  app.post('/v1/runs/:id/terminate', { config: WRITE, schema: { ...common, summary: 'End a run at once; prefer cancel', body: reasonBody, response: nothing } }, async (request, reply) => {
    const { run } = await target(request, {});
    await run.terminate(request.body?.reason);
    note(request, 'terminate', run.id, reasonOf(request.body));
    return reply.status(204).send(null);
  });
};

function reasonOf(body: z.infer<typeof reasonBody>): { reason?: string } {
  return body?.reason === undefined ? {} : { reason: body.reason };
}
