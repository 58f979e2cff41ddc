import { InvalidDefinitionError, InvalidInputError } from '../../../definition/errors.js';
import { readContent } from '../../../store/workflows.js';
import type { Routes } from '../../app.js';
import { errorResponses } from '../../problem.js';
import { bareDocumentSchema, validationSchema } from './schemas.js';

/** Checks a document and keeps nothing. */
export const workflowValidateRoutes: Routes = (app, { client }) => {
  app.post(
    '/v1/workflows/validate',
    {
      config: { access: 'workflows:read' },
      validatorCompiler: () => (value: unknown) => ({ value }),
      schema: { tags: ['workflows'], summary: 'Check a workflow document', body: bareDocumentSchema, response: { 200: validationSchema, ...errorResponses } },
    },
    async ({ rawBody }) => {
      if (rawBody === undefined || rawBody.length === 0) throw new InvalidInputError('BAD_REQUEST', 'The body is empty: a workflow document is expected');
      try {
        const { problems } = readContent(new TextDecoder().decode(rawBody), client.maxDefinitionBytes);
        return { valid: true, problems: [...problems] };
      } catch (error) {
        if (!(error instanceof InvalidDefinitionError)) throw error;
        return { valid: false, problems: error.problems };
      }
    },
  );
};
