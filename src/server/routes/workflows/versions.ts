import { z } from 'zod';
import { readStored } from '../../../store/workflows.js';
import type { Routes } from '../../app.js';
import { identityOf } from '../../authentication.js';
import { ifMatch } from '../../if-match.js';
import { pageOf, pageQuery, pageSchema } from '../../page.js';
import { errorResponses } from '../../problem.js';
import { serializeWithDefinition } from '../../raw-json.js';
import { reconcileTriggers } from '../../triggers/reconcile.js';
import { etag, versionAnswer, versionRecord, workflowRecord } from './answers.js';
import { checkChange } from './check-change.js';
import { diffQuery, diffSchema, idParams, restoreSchema, versionParams, versionRecordSchema, versionSchema, workflowRecordSchema } from './schemas.js';

const tags = ['workflows'];

/** The versions of a workflow, which never change. */
export const workflowVersionRoutes: Routes = (app, deps) => {
  const { workflows } = deps.store;

  app.get(
    '/v1/workflows/:id/versions',
    {
      config: { access: 'workflows:read' },
      schema: { tags, summary: 'The versions of a workflow, newest first', params: idParams, querystring: z.strictObject(pageQuery), response: { 200: pageSchema(versionRecordSchema), ...errorResponses } },
    },
    async (request) => pageOf(await workflows.versions(identityOf(request), request.params.id, request.query), versionRecord),
  );

  app.get(
    '/v1/workflows/:id/versions/:version',
    {
      config: { access: 'workflows:read' },
      serializerCompiler: serializeWithDefinition,
      schema: { tags, summary: 'A version with its definition', params: versionParams, response: { 200: versionSchema, ...errorResponses } },
    },
    async (request) => versionAnswer(await workflows.version(identityOf(request), request.params.id, request.params.version)),
  );

  app.get(
    '/v1/workflows/:id/diff',
    {
      config: { access: 'workflows:read' },
      schema: { tags, summary: 'What two versions differ in, step by step', params: idParams, querystring: diffQuery, response: { 200: diffSchema, ...errorResponses } },
    },
    async (request) => {
      const { from, to } = request.query;
      const { steps, differences } = await workflows.compare(identityOf(request), request.params.id, from, to);
      return { from, to, steps: { ...steps, added: [...steps.added], removed: [...steps.removed], changed: steps.changed.map((step) => ({ ...step, differences: [...step.differences] })) }, differences: [...differences] };
    },
  );

  app.post(
    '/v1/workflows/:id/restore',
    {
      config: { access: 'workflows:write' },
      serializerCompiler: serializeWithDefinition,
      schema: { tags, summary: 'Make the definition of an older version the newest version', params: idParams, body: restoreSchema, response: { 200: workflowRecordSchema, ...errorResponses } },
    },
    async (request, reply) => {
      const viewer = identityOf(request);
      const { version, note } = request.body;
      const { id } = request.params;
      const { document } = await workflows.version(viewer, id, version);
      await checkChange(deps, viewer, id, readStored(document));
      const restored = await workflows.restore(viewer, id, version, { note: note ?? undefined, expectedVersion: ifMatch(request.headers) });
      await reconcileTriggers(deps, id);
      reply.header('etag', etag(restored));
      return workflowRecord(viewer, restored);
    },
  );
};
