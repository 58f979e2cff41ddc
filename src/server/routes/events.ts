import { z } from 'zod';
import { DistriError } from '../../definition/errors.js';
import type { JsonValue } from '../../definition/json.js';
import type { TriggerOf } from '../../definition/types.js';
import { storableText } from '../../store/storable.js';
import type { OwnedTrigger } from '../../store/triggers.js';
import type { Routes } from '../app.js';
import { identityOf } from '../authentication.js';
import { inexactIn } from '../body.js';
import { errorResponses, statusOf } from '../problem.js';
import { inexactOf, inputOfEvent, passes } from '../triggers/event.js';
import { runIdOf, startTriggered } from '../triggers/start.js';

const LONGEST = 200;
const AT_ONCE = 10;

const eventSchema = z
  .strictObject({
    topic: storableText(LONGEST).min(1),
    data: z.unknown().optional().describe('What the runs get as input; anything but an object becomes {data}'),
    id: z.string().min(1).max(LONGEST).optional().describe('The same event sent again with its id starts nothing twice'),
  })
  .meta({ id: 'Event' });
const startedSchema = z
  .object({
    runs: z.array(z.object({ workflow_id: z.string(), trigger_id: z.string(), run_id: z.string() })),
    failed: z.array(z.object({ workflow_id: z.string(), trigger_id: z.string(), code: z.string(), message: z.string() })).describe('Triggers whose workflow cannot take the event'),
  })
  .meta({ id: 'EventRuns' });

/** What happened elsewhere, and starts runs. */
export const eventRoutes: Routes = (app, deps) => {
  app.post(
    '/v1/events',
    {
      config: { access: 'events:write' },
      schema: {
        tags: ['triggers'],
        summary: 'Starts a run of each of your workflows that waits for such an event; of an admin, of all workflows',
        body: eventSchema,
        response: { 202: startedSchema, ...errorResponses },
      },
    },
    async (request, reply) => {
      const { user, isAdmin } = identityOf(request);
      const { topic, id } = request.body;
      const data = request.body.data as JsonValue | undefined;
      const listening = await deps.store.triggers.listeningTo(topic, isAdmin ? undefined : user);
      const matching = listening.filter(({ config }) => passes(config as unknown as TriggerOf<'event'>, data));
      const result: z.infer<typeof startedSchema> = { runs: [], failed: [] };
      const start = async (trigger: OwnedTrigger): Promise<void> => {
        const of = { workflow_id: trigger.workflowId, trigger_id: trigger.id };
        try {
          const run = await startTriggered({ ...deps, starter: app.starter }, trigger, () => ({ input: inputOfEvent(data), inexact: inexactOf(data, inexactIn(request, 'data')) }), id === undefined ? undefined : runIdOf(trigger, 'event', user, id));
          result.runs.push({ ...of, run_id: run.id });
        } catch (error) {
          // What may pass is told, so that the sender tries again.
          if (!(error instanceof DistriError) || statusOf(error) >= 500) throw error;
          result.failed.push({ ...of, code: error.code, message: error.message });
        }
      };
      for (let from = 0; from < matching.length; from += AT_ONCE) await Promise.all(matching.slice(from, from + AT_ONCE).map(start));
      return reply.status(202).send(result);
    },
  );
};
