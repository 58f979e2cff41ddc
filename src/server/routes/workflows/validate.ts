import type { FastifySchemaCompiler } from 'fastify';
import { validatorCompiler } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { InvalidDefinitionError, InvalidInputError, type Problem } from '../../../definition/errors.js';
import { readContent, type Content } from '../../../store/workflows.js';
import type { Routes, ServerDeps } from '../../app.js';
import { identityOf } from '../../authentication.js';
import type { Identity } from '../../identity.js';
import { errorResponses } from '../../problem.js';
import { checkTriggers } from '../../triggers/check.js';
import { checkChange } from './check-change.js';
import { bareDocumentSchema, validationSchema } from './schemas.js';

const validateQuery = z.strictObject({ workflow_id: z.string().optional().describe('The workflow that it is to be a version of; default: a new one') });

/** A body is checked by what the route is for. */
const allButBody: FastifySchemaCompiler<unknown> = (route) =>
  route.httpPart === 'body' ? (value: unknown) => ({ value }) : validatorCompiler({ ...route, schema: route.schema as z.ZodType });

/** Checks a document and keeps nothing. */
export const workflowValidateRoutes: Routes = (app, deps) => {
  app.post(
    '/v1/workflows/validate',
    {
      config: { access: 'workflows:read' },
      validatorCompiler: allButBody,
      schema: {
        tags: ['workflows'],
        summary: 'Check a workflow document, with its triggers, as if it were saved',
        querystring: validateQuery,
        body: bareDocumentSchema,
        response: { 200: validationSchema, ...errorResponses },
      },
    },
    async (request) => {
      const { rawBody, query } = request;
      if (rawBody === undefined || rawBody.length === 0) throw new InvalidInputError('BAD_REQUEST', 'The body is empty: a workflow document is expected');
      const problems: Problem[] = [];
      try {
        const content = readContent(new TextDecoder().decode(rawBody), deps.client.maxDefinitionBytes);
        problems.push(...content.problems);
        await checkSaving(deps, identityOf(request), query.workflow_id, content);
        return { valid: true, problems };
      } catch (error) {
        if (!(error instanceof InvalidDefinitionError)) throw error;
        return { valid: false, problems: [...problems, ...error.problems] };
      }
    },
  );
};

async function checkSaving(deps: ServerDeps, identity: Identity, workflowId: string | undefined, content: Content): Promise<void> {
  if (workflowId === undefined) await checkTriggers(deps, { definition: content.definition, owner: identity.user });
  else await checkChange(deps, identity, workflowId, content);
}
