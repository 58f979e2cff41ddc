import { z } from 'zod';
import type { RunFilter, RunInfo } from '../../../client/index.js';
import { decodeCursor, encodeCursor } from '../../../store/cursor.js';
import type { EndedRunStore } from '../../../store/ended-runs.js';
import { instantSchema } from '../../../store/storable.js';
import { identityOf } from '../../authentication.js';
import { cursorAt, placeOf } from '../../list-cursor.js';
import { pageQuery, pageSchema } from '../../page.js';
import { errorResponses } from '../../problem.js';
import { flag } from '../../query.js';
import { READ, TAGS, type RunRoutes } from './context.js';
import { runInfoSchema, runStatusSchema } from './schemas.js';

const listQuery = z.strictObject({
  status: runStatusSchema.optional(),
  workflow_id: z.string().optional(),
  version: z.coerce.number().int().optional(),
  missing_skill: z.string().optional().describe('A skill that blocked runs lack'),
  started_after: instantSchema.optional().describe('Started then or later'),
  started_before: instantSchema.optional(),
  open: flag.optional().describe('Only runs that have not ended'),
  parent_run_id: z.string().optional().describe('Children of this run'),
  owner: z.string().optional().describe('Counts for admins; others see their own runs'),
  archived: flag.optional().describe('Ended runs from the database, also those that Temporal has forgotten'),
  ...pageQuery,
});

type Query = z.infer<typeof listQuery>;

/** Start and id of the last run of a page of an archive. */
const archivePlace = z.tuple([instantSchema, z.string()]);
/** What the filters of an archive can be. */
const ARCHIVE_FILTERS = ['status', 'workflow_id', 'started_after', 'started_before', 'owner', 'archived', 'limit', 'cursor'];

function filterOf(query: Query): RunFilter {
  const { status, workflow_id, version, missing_skill, started_after, started_before, open, parent_run_id, owner } = query;
  return {
    ...(status && { status }),
    ...(workflow_id !== undefined && { workflowId: workflow_id }),
    ...(version !== undefined && { version }),
    ...(missing_skill !== undefined && { missingSkill: missing_skill }),
    ...(started_after !== undefined && { startedAfter: started_after }),
    ...(started_before !== undefined && { startedBefore: started_before }),
    ...(open && { open }),
    ...(parent_run_id !== undefined && { parentRunId: parent_run_id }),
    ...(owner !== undefined && { owner }),
  };
}

/** A run as lists show it: without what is only for the server. */
export function shown({ request_hash: _, ...run }: RunInfo): Omit<RunInfo, 'request_hash'> {
  return run;
}

async function archivedPage(store: EndedRunStore, query: Query, asked: object) {
  const { owner, workflow_id, status, started_after, started_before, cursor, limit } = query;
  const after = cursor === undefined ? undefined : placeAfter(cursor, asked);
  const found = await store.list({ owner, workflowId: workflow_id, status, startedAfter: started_after, startedBefore: started_before, after, limit: limit + 1 });
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return { items, ...(found.length > limit && last ? { next_cursor: cursorAt(encodeCursor([last.started_at, last.run_id]), asked) } : {}) };
}

function placeAfter(cursor: string, asked: object): { startedAt: string; runId: string } {
  const [startedAt, runId] = decodeCursor(placeOf(cursor, asked), archivePlace);
  return { startedAt, runId };
}

/** `GET /v1/runs`. */
export const listRoutes: RunRoutes = (app, { client, store }) => {
  app.get(
    '/v1/runs',
    {
      config: READ,
      schema: {
        tags: TAGS,
        summary: 'List runs, newest first',
        description: 'A run that changed shows so after up to a few seconds. A page may hold fewer runs than asked for and yet have a next one.',
        querystring: listQuery.refine((query) => query.archived !== true || Object.keys(query).every((key) => ARCHIVE_FILTERS.includes(key)), `with archived=true the filters are ${ARCHIVE_FILTERS.slice(0, 5).join(', ')}`),
        response: { 200: pageSchema(runInfoSchema), ...errorResponses },
      },
    },
    async (request) => {
      const { user, isAdmin } = identityOf(request);
      const { cursor, ...rest } = request.query;
      const query = { ...rest, ...(isAdmin ? {} : { owner: user }) };
      if (query.archived === true) return archivedPage(store.endedRuns, { ...query, cursor }, query);
      const { runs, next } = await client.listRunsPage({ ...filterOf(query), limit: query.limit }, cursor === undefined ? undefined : placeOf(cursor, query));
      // Visibility finds owners by the beginning of their ids only.
      const items = runs.filter(({ owner }) => isAdmin || owner === user).map(shown);
      return { items, ...(next === undefined ? {} : { next_cursor: cursorAt(next, query) }) };
    },
  );
};
