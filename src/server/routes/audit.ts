import { z } from 'zod';
import type { StoredAuditEntry } from '../../store/audit.js';
import { storableText } from '../../store/storable.js';
import type { Routes } from '../app.js';
import { pageOf, pageQuery, pageSchema } from '../page.js';
import { errorResponses } from '../problem.js';

const auditEntrySchema = z
  .object({
    id: z.int(),
    at: z.iso.datetime(),
    actor: z.string().describe('A user, or `system`'),
    action: z.string().describe('What was done, such as `workflow.update`'),
    target: z.string().describe('What it was done to, such as `workflow:<id>`'),
    detail: z.record(z.string(), z.unknown()).optional(),
  })
  .meta({ id: 'AuditEntry' });

const name = storableText(4_000).optional();
const listQuery = z.strictObject({ target: name.describe('Only what was done to this'), actor: name.describe('Only what this user did'), ...pageQuery });

/** Who did what, for admins. */
export const auditRoutes: Routes = (app, { store }) => {
  app.get(
    '/v1/audit',
    {
      config: { access: 'admin' },
      schema: { tags: ['audit'], summary: 'Who did what to what, newest first', querystring: listQuery, response: { 200: pageSchema(auditEntrySchema), ...errorResponses } },
    },
    async (request) => {
      await app.deeds.flush();
      return pageOf(await store.audit.list(request.query), shown);
    },
  );
};

function shown({ id, at, actor, action, target, detail }: StoredAuditEntry) {
  return { id, at: at.toISOString(), actor, action, target, ...(detail === undefined ? {} : { detail }) };
}
