import { z } from 'zod';
import type { DistriClient, RunFilter, RunInfo, RunPage } from '../../../client/index.js';
import { decodeCursor, encodeCursor } from '../../../store/cursor.js';
import type { EndedRunStore } from '../../../store/ended-runs.js';
import { instantSchema } from '../../../store/storable.js';
import { identityOf } from '../../authentication.js';
import { goneOf } from '../../gone.js';
import type { Identity } from '../../identity.js';
import { cursorAt, placeOf } from '../../list-cursor.js';
import { pageQuery, pageSchema } from '../../page.js';
import { errorResponses } from '../../problem.js';
import { flag, wholeNumber } from '../../query.js';
import { ifThere } from '../../run-access.js';
import { READ, TAGS, type RunRoutes } from './context.js';
import { runInfoSchema, runStatusSchema } from './schemas.js';

const listQuery = z.strictObject({
  status: runStatusSchema.optional(),
  workflow_id: z.string().optional(),
  version: wholeNumber.optional(),
  missing_skill: z.string().optional().describe('A skill that blocked runs lack'),
  started_after: instantSchema.optional().describe('Started then or later'),
  started_before: instantSchema.optional(),
  open: flag.optional().describe('Only runs that have not ended'),
  parent_run_id: z.string().optional().describe('Children of this run'),
  owner: z.string().optional().describe('Counts for admins, and where the list is not of one’s own runs only'),
  archived: flag.optional().describe('Ended runs from the database, also those that Temporal has forgotten'),
  ...pageQuery,
});

type Query = z.infer<typeof listQuery>;

/** Start and id of the last run of a page of an archive. */
const archivePlace = z.tuple([instantSchema, z.string()]);
/** Pages without a run of the list that are looked through for one. */
const MOST_LOOKED_THROUGH = 50;
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

/**
 * A page of runs. Where the next one begins is told only beside a run, or when all that were looked through were others: the
 * place alone would say that runs of somebody else match.
 */
async function seenPage(client: DistriClient, query: Query, after: string | undefined, gone: AbortSignal): Promise<RunPage> {
  const filter = { ...filterOf(query), limit: query.limit };
  let page = await client.listRunsPage(filter, after);
  for (let looked = 1; page.runs.length === 0 && page.next !== undefined && looked < MOST_LOOKED_THROUGH && !gone.aborted; looked += 1) {
    page = await client.listRunsPage(filter, page.next);
  }
  return page;
}

/**
 * `GET /v1/runs`. A user's list is of their own runs, unless it is of a workflow that they may edit, or of the children of a run
 * that they see: all of those are theirs to see.
 */
export const listRoutes: RunRoutes = (app, { client, store, access }) => {
  const seesAll = async (identity: Identity, { workflow_id, parent_run_id }: Query): Promise<boolean> => {
    if (identity.isAdmin || (workflow_id !== undefined && (await access.mayEdit(identity, workflow_id)))) return true;
    return parent_run_id !== undefined && (await access.check(identity, parent_run_id).then(() => true, ifThere)) === true;
  };

  app.get(
    '/v1/runs',
    {
      config: READ,
      schema: {
        tags: TAGS,
        summary: 'List runs, newest first',
        description: 'One’s own runs; with `workflow_id` of a workflow that one may edit, or `parent_run_id` of a run that one sees, those of everybody. A run that changed shows so after up to a few seconds. A page may hold fewer runs than asked for and yet have a next one.',
        querystring: listQuery.refine((query) => query.archived !== true || Object.keys(query).every((key) => ARCHIVE_FILTERS.includes(key)), `with archived=true the filters are ${ARCHIVE_FILTERS.slice(0, 5).join(', ')}`),
        response: { 200: pageSchema(runInfoSchema), ...errorResponses },
      },
    },
    async (request, reply) => {
      const identity = identityOf(request);
      const { cursor, ...rest } = request.query;
      const query = { ...rest, ...((await seesAll(identity, rest)) ? {} : { owner: identity.user }) };
      if (query.archived === true) return archivedPage(store.endedRuns, { ...query, cursor }, query);
      const { runs, next } = await seenPage(client, query, cursor === undefined ? undefined : placeOf(cursor, query), goneOf(reply));
      return { items: runs.map(shown), ...(next === undefined ? {} : { next_cursor: cursorAt(next, query) }) };
    },
  );
};
