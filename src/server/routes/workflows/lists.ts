import { z } from 'zod';
import type { Shelf } from '../../../store/workflows.js';
import type { Routes } from '../../app.js';
import { identityOf } from '../../authentication.js';
import { pageOf, pageQuery, pageSchema } from '../../page.js';
import { errorResponses } from '../../problem.js';
import { listItem } from './answers.js';
import { filterQuery, listItemSchema } from './schemas.js';

const LISTS: readonly { readonly url: string; readonly shelf: Shelf; readonly summary: string }[] = [
  { url: '/v1/workflows', shelf: 'own', summary: 'Your workflows and those that are shared with you, newest update first' },
  { url: '/v1/workflows/public', shelf: 'public', summary: "Everybody's public workflows, newest update first" },
  { url: '/v1/workflows/starred', shelf: 'starred', summary: 'Workflows that you have starred, newest update first' },
];

/** Lists of workflows. */
export const workflowListRoutes: Routes = (app, { store: { workflows } }) => {
  for (const { url, shelf, summary } of LISTS) {
    app.get(
      url,
      {
        config: { access: 'workflows:read' },
        schema: { tags: ['workflows'], summary, querystring: z.strictObject({ ...filterQuery, ...pageQuery }), response: { 200: pageSchema(listItemSchema), ...errorResponses } },
      },
      async (request) => {
        const viewer = identityOf(request);
        const { is_public: isPublic, is_template: isTemplate, ...rest } = request.query;
        return pageOf(await workflows.list(viewer, { ...rest, isPublic, isTemplate }, shelf), (found) => listItem(viewer, found));
      },
    );
  }
};
