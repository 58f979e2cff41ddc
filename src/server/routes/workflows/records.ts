import { z } from 'zod';
import { InvalidInputError } from '../../../definition/errors.js';
import type { JsonObject } from '../../../definition/json.js';
import { requireRole, type Content } from '../../../store/workflows.js';
import type { App, Routes, ServerDeps } from '../../app.js';
import { identityOf } from '../../authentication.js';
import { ifMatch } from '../../if-match.js';
import { checkInnerIds } from '../../own-ids.js';
import { errorResponses } from '../../problem.js';
import { serializeWithDefinition } from '../../raw-json.js';
import { checkTriggers } from '../../triggers/check.js';
import { reconcileTriggers, removeTriggers } from '../../triggers/reconcile.js';
import { etag, workflowRecord } from './answers.js';
import { recordValidator, workflowBody } from './body.js';
import { checkChange } from './check-change.js';
import { bareDocumentSchema, definitionQuery, idParams, newWorkflowSchema, savedWorkflowSchema, workflowChangeSchema, workflowRecordSchema } from './schemas.js';

const tags = ['workflows'];

/** Workflows one by one. */
export const workflowRecordRoutes: Routes = (app, deps) => {
  addCreate(app, deps);
  addUpdates(app, deps);
  const { workflows } = deps.store;

  app.get(
    '/v1/workflows/:id',
    {
      config: { access: 'workflows:read' },
      serializerCompiler: serializeWithDefinition,
      schema: { tags, summary: 'A workflow with its newest definition', params: idParams, response: { 200: workflowRecordSchema, ...errorResponses } },
    },
    async (request, reply) => {
      const viewer = identityOf(request);
      const { id } = request.params;
      const found = requireRole(id, await workflows.get(viewer, id), 'read');
      reply.header('etag', etag(found));
      return workflowRecord(viewer, found);
    },
  );

  app.get(
    '/v1/workflows/:id/definition',
    {
      config: { access: 'workflows:read' },
      schema: { tags, summary: 'The definition alone, byte for byte as it was sent', params: idParams, querystring: definitionQuery, response: { 200: z.unknown(), ...errorResponses } },
    },
    async (request, reply) => {
      const viewer = identityOf(request);
      const { id } = request.params;
      const found = requireRole(id, await workflows.get(viewer, id, request.query.version), 'read');
      reply.header('etag', etag(found)).type('application/json; charset=utf-8');
      return found.at.document;
    },
  );

  app.delete(
    '/v1/workflows/:id',
    { config: { access: 'workflows:write' }, schema: { tags, summary: 'Delete a workflow with all its versions; its runs go on', description: 'With `If-Match` it is refused unless that is the newest version.', params: idParams, response: { 204: z.null(), ...errorResponses } } },
    async (request, reply) => {
      const { id } = request.params;
      const expectedVersion = ifMatch(request.headers);
      await removeTriggers(deps, id, () => workflows.delete(identityOf(request), id, expectedVersion));
      return reply.code(204).send(null);
    },
  );
};

function addCreate(app: App, deps: ServerDeps): void {
  const { client, store: { workflows } } = deps;
  app.post(
    '/v1/workflows',
    {
      config: { access: 'workflows:write' },
      validatorCompiler: recordValidator(newWorkflowSchema),
      serializerCompiler: serializeWithDefinition,
      schema: {
        tags,
        summary: 'Keep a workflow: a record with its definition, or a bare workflow document',
        body: z.union([newWorkflowSchema, bareDocumentSchema]),
        response: { 201: savedWorkflowSchema, ...errorResponses },
      },
    },
    async (request, reply) => {
      const viewer = identityOf(request);
      const body = workflowBody(request, client.maxDefinitionBytes);
      const content = given(body.content);
      await checkInnerIds(workflows, viewer, content.definition as unknown as JsonObject);
      await checkTriggers(deps, { definition: content.definition, owner: viewer.user });
      const made = await workflows.create(viewer.user, { ...body.change, content });
      await reconcileTriggers(deps, made.record.id);
      reply.code(201).header('location', `/v1/workflows/${made.record.id}`).header('etag', etag(made));
      return { ...workflowRecord(viewer, made), problems: [...content.problems] };
    },
  );
}

function addUpdates(app: App, deps: ServerDeps): void {
  const { client, store: { workflows } } = deps;
  for (const method of ['PUT', 'PATCH'] as const) {
    app.route({
      method,
      url: '/v1/workflows/:id',
      config: { access: 'workflows:write' },
      validatorCompiler: recordValidator(workflowChangeSchema),
      serializerCompiler: serializeWithDefinition,
      schema: {
        tags,
        summary: 'Change what is given of a workflow; whatever changes makes a new version',
        description: 'With `If-Match`, or a `version` in the body, the change is refused unless it was made on the newest version. PUT and PATCH do the same.',
        params: idParams,
        body: z.union([workflowChangeSchema, bareDocumentSchema]),
        response: { 200: savedWorkflowSchema, ...errorResponses },
      },
      handler: async (request, reply) => {
        const viewer = identityOf(request);
        const { change, content, version } = workflowBody(request, client.maxDefinitionBytes);
        const { id } = request.params;
        if (content !== undefined) await checkChange(deps, viewer, id, content);
        const changed = await workflows.update(viewer, id, { ...change, content, expectedVersion: ifMatch(request.headers) ?? version });
        if (content !== undefined || changed.record.triggersVersion !== changed.record.version) await reconcileTriggers(deps, id);
        reply.header('etag', etag(changed));
        return { ...workflowRecord(viewer, changed), problems: [...(content?.problems ?? [])] };
      },
    });
  }
}

function given(content: Content | undefined): Content {
  if (content !== undefined) return content;
  const problem = { severity: 'error', code: 'BAD_REQUEST', path: '$.definition', message: 'a workflow document is expected' } as const;
  throw new InvalidInputError('BAD_REQUEST', `${problem.path}: ${problem.message}`, [problem]);
}
