import { z } from 'zod';
import { eventsOfEnded, type Ended, type RunEvent } from '../../../client/index.js';
import { DistriError } from '../../../definition/errors.js';
import { hasRole, requireRole } from '../../../store/workflows.js';
import { orArchived } from '../../archive.js';
import { identityOf } from '../../authentication.js';
import { eventText } from '../../event-streams.js';
import { errorResponses } from '../../problem.js';
import { wholeNumber } from '../../query.js';
import { ifThere } from '../../run-access.js';
import { StartWatches } from '../../started-runs.js';
import { MOST_FOLLOWED, workflowMessages } from '../../workflow-events.js';
import { LONGEST_CURSOR, readCursor, type WorkflowCursor } from '../../workflow-cursor.js';
import { READ, TAGS, type RunContext, type RunRoutes } from './context.js';
import { runParams } from './schemas.js';

const seq = wholeNumber.pipe(z.int().min(0));
const lastEventId = z.looseObject({ 'last-event-id': z.string().max(LONGEST_CURSOR * 2).optional().describe('The id of the last message that was read') });
const stream = { description: 'Messages: `id`, `event` and `data` (one line of JSON)', content: { 'text/event-stream': { schema: z.string() } } };

/** Runs of a cursor that are looked up at once. */
const LOOKED_UP_AT_ONCE = 10;

/** An event is written once for all its readers, who share it. */
const texts = new WeakMap<RunEvent, string>();

function textOf(event: RunEvent): string {
  const known = texts.get(event);
  if (known !== undefined) return known;
  const text = eventText({ ...('seq' in event ? { id: String(event.seq) } : {}), event: event.event, data: JSON.stringify(event) });
  texts.set(event, text);
  return text;
}

async function* textsOf(events: AsyncIterable<RunEvent> | Iterable<RunEvent>): AsyncGenerator<string, void> {
  for await (const event of events) yield textOf(event);
}

/** What the run left, from Temporal or from the archive; undefined while it is open. Throws `RUN_NOT_FOUND`. */
async function endedOf({ client, store }: RunContext, runId: string): Promise<Pick<Ended, 'snapshot' | 'events'> | undefined> {
  return orArchived<Pick<Ended, 'snapshot' | 'events'> | undefined>(
    store,
    runId,
    () => client.getRun(runId).ended(),
    ({ snapshot, events }) => ({ snapshot, events: events && [...events] }),
  );
}

function seqOf(text: string): number {
  const read = /^\d+$/.test(text) ? seq.safeParse(text) : undefined;
  if (read?.success === true) return read.data;
  throw new DistriError('BAD_REQUEST', 'The Last-Event-ID is none of this stream: its ids are whole numbers');
}

/** Live events of a run, and of all runs of a workflow. */
export const eventRoutes: RunRoutes = (app, context) => {
  const { client, store, access, streams } = context;
  const watches = new StartWatches(client);

  app.get(
    '/v1/runs/:id/events',
    {
      exposeHeadRoute: false,
      config: READ,
      schema: {
        tags: TAGS,
        summary: 'The events of a run as they happen (server-sent events)',
        description: 'The whole log, or what comes after Last-Event-ID (or `after`): nothing is left out and nothing comes twice. Ends after `workflow_completed`; who comes back then gets 204.',
        params: runParams,
        querystring: z.strictObject({ after: seq.default(0).describe('The last seq that was read') }),
        headers: lastEventId,
        response: { 200: stream, 204: z.null().describe('The run has ended and all was read'), ...errorResponses },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const told = request.headers['last-event-id'];
      const after = told === undefined ? request.query.after : seqOf(told);
      await access.check(identityOf(request), id);
      const ended = await endedOf(context, id);
      if (ended === undefined) return streams.send(reply, (signal) => textsOf(client.getRun(id).events({ after, signal })), (identity) => access.check(identity, id));
      const left = [...eventsOfEnded(ended, after)];
      return left.length === 0 ? reply.status(204).send(null) : streams.send(reply, () => textsOf(left), (identity) => access.check(identity, id));
    },
  );

  app.get(
    '/v1/workflows/:id/events',
    {
      exposeHeadRoute: false,
      config: READ,
      schema: {
        tags: TAGS,
        summary: 'The events of the runs of a stored workflow as they happen (server-sent events)',
        description: `Of its open runs and of those that start later, at most ${MOST_FOLLOWED} at once: of all for who may edit the workflow, else of one's own. Each event has its run_id. The id of a message is opaque: sent back as Last-Event-ID it goes on with each run where it was.`,
        params: z.object({ id: z.string() }),
        headers: lastEventId,
        response: { 200: stream, ...errorResponses },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const identity = identityOf(request);
      const workflow = requireRole(id, await store.workflows.find(identity, id), 'read');
      const owner = hasRole(workflow, 'edit') ? undefined : identity.user;
      const told = request.headers['last-event-id'];
      const cursor = told === undefined ? undefined : await checked(readCursor(id, told), id, owner);
      return streams.send(reply, (signal) => workflowMessages({ client, watches, workflowId: id, owner, cursor, signal }), async (reader) => {
        const now = requireRole(id, await store.workflows.find(reader, id), 'read');
        if (owner === undefined && !hasRole(now, 'edit')) throw new DistriError('FORBIDDEN', 'You no longer see the runs of others here', { hint: 'Come back for your own.' });
      });
    },
  );

  /**
   * The cursor with those of its runs only that are of the workflow, and may be seen. Throws when Temporal or the database is
   * away: a run that was left out then would never be told on.
   */
  async function checked(cursor: WorkflowCursor, workflowId: string, owner: string | undefined): Promise<WorkflowCursor> {
    const told = [...cursor.runs].slice(0, MOST_FOLLOWED);
    const runs = new Map<string, number>();
    for (let from = 0; from < told.length; from += LOOKED_UP_AT_ONCE) {
      const some = told.slice(from, from + LOOKED_UP_AT_ONCE);
      const origins = await Promise.all(some.map(([runId]) => access.originOf(runId).catch(ifThere)));
      for (const [at, [runId, last]] of some.entries()) {
        const origin = origins[at];
        if (origin?.workflowId === workflowId && (owner === undefined || origin.owner === owner)) runs.set(runId, last);
      }
    }
    return { ...cursor, runs };
  }
};
