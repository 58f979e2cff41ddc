import { z } from 'zod';
import type { Share } from '../../../store/workflows/sharing.js';
import type { Routes } from '../../app.js';
import { identityOf } from '../../authentication.js';
import { errorResponses } from '../../problem.js';
import { serializeWithDefinition } from '../../raw-json.js';
import { etag, listItem, workflowRecord } from './answers.js';
import { cloneSchema, idParams, listItemSchema, shareBodySchema, shareSchema, userParams, workflowRecordSchema } from './schemas.js';

const tags = ['workflows'];

/** What binds users to the workflows of others: shares, stars and clones. */
export const workflowSharingRoutes: Routes = (app, { store: { workflows, shares, stars } }) => {
  app.get(
    '/v1/workflows/:id/shares',
    {
      config: { access: 'workflows:read' },
      schema: { tags, summary: 'With whom a workflow of yours is shared', params: idParams, response: { 200: z.object({ items: z.array(shareSchema) }), ...errorResponses } },
    },
    async (request) => ({ items: (await shares.list(identityOf(request), request.params.id)).map(shareAnswer) }),
  );

  app.put(
    '/v1/workflows/:id/shares/:user_id',
    {
      config: { access: 'workflows:write' },
      schema: { tags, summary: 'Share a workflow of yours with a user, or change their role', params: userParams, body: shareBodySchema, response: { 200: shareSchema, ...errorResponses } },
    },
    async (request) => {
      const { id, user_id } = request.params;
      return shareAnswer(await shares.share(identityOf(request), id, user_id, request.body.role));
    },
  );

  app.delete(
    '/v1/workflows/:id/shares/:user_id',
    { config: { access: 'workflows:write' }, schema: { tags, summary: 'No longer share a workflow with a user', params: userParams, response: { 204: z.null(), ...errorResponses } } },
    async (request, reply) => {
      const { id, user_id } = request.params;
      await shares.unshare(identityOf(request), id, user_id);
      return reply.code(204).send(null);
    },
  );

  for (const { method, change, summary } of [
    { method: 'POST', change: stars.star.bind(stars), summary: 'Star a workflow' },
    { method: 'DELETE', change: stars.unstar.bind(stars), summary: 'Take your star away' },
  ] as const) {
    app.route({
      method,
      url: '/v1/workflows/:id/star',
      config: { access: 'workflows:write' },
      schema: { tags, summary, params: idParams, response: { 200: listItemSchema, ...errorResponses } },
      handler: async (request) => {
        const viewer = identityOf(request);
        return listItem(viewer, await change(viewer, request.params.id));
      },
    });
  }

  app.post(
    '/v1/workflows/:id/clone',
    {
      config: { access: 'workflows:write' },
      serializerCompiler: serializeWithDefinition,
      schema: { tags, summary: 'Make a private copy of a workflow that you may see', params: idParams, body: cloneSchema, response: { 201: workflowRecordSchema, ...errorResponses } },
    },
    async (request, reply) => {
      const viewer = identityOf(request);
      const clone = await workflows.clone(viewer, request.params.id, request.body?.name ?? undefined);
      reply.code(201).header('location', `/v1/workflows/${clone.record.id}`).header('etag', etag(clone));
      return workflowRecord(viewer, clone);
    },
  );
};

function shareAnswer({ userId, role, createdAt }: Share) {
  return { user_id: userId, role, created_at: createdAt.toISOString() };
}
