import { z } from 'zod';
import { definitionToRun } from '../../store/workflows.js';
import type { TriggeredWorkflow } from '../../store/triggers.js';
import type { TriggerDeps } from './deps.js';
import { plannedTriggers, type PlannedTrigger, TRIGGER_TYPES } from './plan.js';
import { scheduleId, scheduleMark } from './schedule.js';

const time = z.string().describe('ISO 8601 UTC');

export const triggerViewSchema = z
  .object({
    id: z.string(),
    entry_point: z.string(),
    type: z.enum(TRIGGER_TYPES),
    config: z.unknown().describe('The trigger as the document has it'),
    problem: z.string().optional().describe('Why it does not start runs as it should'),
    url: z.string().optional().describe('Of a webhook'),
    paused: z.boolean().optional().describe('Of a schedule'),
    note: z.string().optional().describe('Why a schedule is paused or not'),
    next_runs: z.array(time).optional().describe('When a schedule starts runs next, as if it were not paused'),
    last_runs: z.array(z.object({ run_id: z.string(), scheduled_at: time, started_at: time })).optional().describe('The last runs of a schedule, the newest first'),
  })
  .meta({ id: 'KeptTrigger' });

export type TriggerView = z.infer<typeof triggerViewSchema>;

const NEXT_SHOWN = 5;
const NOT_YET = 'It is not set up yet: that is tried again within minutes';

interface ViewedWorkflow extends TriggeredWorkflow {
  /** The version whose triggers are kept. */
  readonly triggersVersion: number;
}

/** The triggers of a workflow as they stand. Throws `NO_TEMPORAL_SERVER` when it has schedules. */
export async function viewTriggers(deps: TriggerDeps, workflow: ViewedWorkflow, webhookUrl: (path: string) => string): Promise<TriggerView[]> {
  const kept = new Set((await deps.store.triggers.of(workflow.id)).map(({ id }) => id));
  return Promise.all(
    plannedTriggers(workflow.id, definitionToRun(workflow.id, workflow)).map(async (planned): Promise<TriggerView> => {
      const { id, entryPointId, trigger } = planned;
      const view = { id, entry_point: entryPointId, type: trigger.type, config: trigger };
      const behind = behindOf(workflow, kept.has(id));
      if (workflow.isUnsavedClone) return { ...view, problem: 'A clone starts nothing by itself until it is saved: look at it, and save it' };
      switch (trigger.type) {
        case 'schedule':
          return { ...view, ...(await viewSchedule(deps, workflow, planned)) };
        case 'webhook':
          return { ...view, url: webhookUrl(trigger.path), ...(behind ?? (kept.has(id) ? {} : { problem: `The path '${trigger.path}' is taken by another workflow` })) };
        case 'event':
          return { ...view, ...behind };
      }
    }),
  );
}

/** What is wrong with a trigger of the database when the newest version was saved without its triggers. */
function behindOf({ version, triggersVersion }: ViewedWorkflow, isKept: boolean): { problem: string } | undefined {
  if (triggersVersion === version) return undefined;
  return { problem: isKept ? asBefore(version) : NOT_YET };
}

function asBefore(version: number): string {
  return `It still runs as it was before version ${version}: that is put right within minutes`;
}

async function viewSchedule({ client }: TriggerDeps, { id: workflowId, version, owner }: TriggeredWorkflow, planned: PlannedTrigger): Promise<Partial<TriggerView>> {
  const { id: triggerId, entryPointId, trigger } = planned;
  if (trigger.type !== 'schedule') return {};
  const state = await client.schedules.describe(scheduleId(triggerId));
  const wanted = scheduleMark({ triggerId, entryPointId, trigger, workflowId, version, owner });
  if (state === undefined) return { problem: NOT_YET };
  return {
    ...(state.mark === wanted ? {} : { problem: asBefore(version) }),
    paused: state.paused,
    ...(state.note === undefined ? {} : { note: state.note }),
    next_runs: state.next.slice(0, NEXT_SHOWN).map((at) => at.toISOString()),
    last_runs: state.runs.map(({ runId, scheduledAt, startedAt }) => ({ run_id: runId, scheduled_at: scheduledAt.toISOString(), started_at: startedAt.toISOString() })),
  };
}
