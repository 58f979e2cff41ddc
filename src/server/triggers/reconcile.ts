import { setTimeout as sleep } from 'node:timers/promises';
import { validate as isUuid } from 'uuid';
import { CronError } from '../../definition/cron.js';
import { DistriError, InvalidDefinitionError, InvalidInputError } from '../../definition/errors.js';
import type { JsonValue } from '../../definition/json.js';
import type { TriggerOf, WorkflowDefinition } from '../../definition/types.js';
import type { OwnedTrigger, TriggeredWorkflow, WantedTrigger } from '../../store/triggers.js';
import { definitionToRun } from '../../store/workflows.js';
import type { TriggerDeps } from './deps.js';
import { plannedTriggers, type PlannedTrigger } from './plan.js';
import { scheduleId, scheduleMark, SCHEDULE_PREFIX, scheduleSettings, type Scheduled } from './schedule.js';

const SWEEP_EVERY_MS = 5 * 60_000;
const SWEEP_AGAIN_MS = 5_000;
/** How long a delivery of a webhook is known again. */
const DELIVERIES_KEPT_MS = 30 * 24 * 3_600_000;

/**
 * Makes the triggers of a workflow those of its newest version, in the database and on Temporal. May be repeated, and done
 * by several processes at once. Never throws: the workflow is saved, and what could not be done now is logged and done by
 * the sweep.
 */
export async function reconcileTriggers(deps: TriggerDeps, workflowId: string): Promise<void> {
  await orLog(deps, workflowId, () => bringUpToDate(deps, workflowId));
}

/** Deletes a workflow by `deleteWorkflow`, and then the schedules that it had. Throws what `deleteWorkflow` throws. */
export async function removeTriggers(deps: TriggerDeps, workflowId: string, deleteWorkflow: () => Promise<void>): Promise<void> {
  const triggers = isUuid(workflowId) ? await deps.store.triggers.of(workflowId) : [];
  await deleteWorkflow();
  for (const { id, type } of triggers) {
    if (type === 'schedule') await orLog(deps, workflowId, () => deps.client.schedules.delete(scheduleId(id)));
  }
}

/**
 * Repairs what outages and crashes left behind: versions whose triggers were not kept, schedules that Temporal lacks, has
 * otherwise, or still has. Throws when the database or Temporal does not answer.
 */
export async function sweepTriggers(deps: TriggerDeps): Promise<void> {
  const { store, client } = deps;
  const stale = new Set(await store.triggers.behind());
  const listed = new Map<string, string | undefined>();
  for await (const { id, mark } of client.schedules.list()) listed.set(id, mark);
  // Read after the list: what is on it and not here was removed, and did not just come.
  const schedules = await store.triggers.schedules();
  for (const row of schedules) {
    const id = scheduleId(row.id);
    if (!listed.has(id) || listed.get(id) !== scheduleMark(scheduledOf(row))) stale.add(row.workflowId);
    listed.delete(id);
  }
  for (const workflowId of stale) await reconcileTriggers(deps, workflowId);
  for (const id of listed.keys()) {
    const known = id.startsWith(SCHEDULE_PREFIX) && (await store.triggers.find(id.slice(SCHEDULE_PREFIX.length)));
    if (known === undefined) await client.schedules.delete(id);
  }
  await store.triggers.forgetDeliveriesBefore(new Date(Date.now() - DELIVERIES_KEPT_MS));
}

/**
 * Sweeps at once and then every five minutes, sooner after one that failed, until the function that it gives is called; that
 * waits for the current sweep.
 */
export function startSweeping(deps: TriggerDeps): () => Promise<void> {
  const ended = new AbortController();
  const sweeping = (async () => {
    while (!ended.signal.aborted) {
      const isDone = await sweepTriggers(deps).then(
        () => true,
        (error: unknown) => {
          deps.logger.warn({ err: error }, 'Triggers could not be checked; they are again in a few seconds');
          return false;
        },
      );
      await sleep(isDone ? SWEEP_EVERY_MS : SWEEP_AGAIN_MS, undefined, { signal: ended.signal, ref: false }).catch(() => undefined);
    }
  })();
  return async () => {
    ended.abort();
    await sweeping;
  };
}

async function orLog({ logger }: TriggerDeps, workflowId: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    logger.warn({ err: error, workflow_id: workflowId }, 'A trigger could not be brought up to date; it is tried again within minutes');
  }
}

/** Goes on until the version that it worked by is still the newest: another process may have saved one meanwhile. */
async function bringUpToDate(deps: TriggerDeps, workflowId: string): Promise<void> {
  const { store, client } = deps;
  const scheduled = new Set<string>();
  for (let done: number | undefined; ; ) {
    const workflow = await store.triggers.workflow(workflowId);
    if (workflow === undefined) {
      for (const id of scheduled) await client.schedules.delete(id);
      return;
    }
    if (workflow.version === done || workflow.isUnsavedClone) return;
    const before = await store.triggers.of(workflowId);
    const definition = definitionToRun(workflow.id, workflow);
    const planned = plannedTriggers(workflowId, definition);
    if (!(await store.triggers.replace(workflowId, workflow.version, planned.map(wanted)))) continue;
    const schedules = planned.flatMap((each) => scheduledIn(workflow, each) ?? []);
    for (const each of schedules) {
      scheduled.add(scheduleId(each.triggerId));
      await put(deps, each, definition);
    }
    const kept = new Set(schedules.map(({ triggerId }) => triggerId));
    for (const { id, type } of before) {
      if (type === 'schedule' && !kept.has(id)) await client.schedules.delete(scheduleId(id));
    }
    done = workflow.version;
  }
}

/** One that cannot be is logged, and keeps no other from its place. */
async function put({ client, logger }: TriggerDeps, scheduled: Scheduled, definition: WorkflowDefinition): Promise<void> {
  try {
    await client.schedules.put(scheduleId(scheduled.triggerId), scheduleSettings(scheduled, definition));
  } catch (error) {
    if (!isRefusal(error)) throw error;
    logger.warn({ err: error, workflow_id: scheduled.workflowId, trigger_id: scheduled.triggerId }, 'A schedule cannot be set up as its workflow has it');
  }
}

/** Whether a schedule cannot be set up whenever it is tried; else Temporal is away. */
function isRefusal(error: unknown): boolean {
  if (error instanceof CronError || error instanceof InvalidInputError || error instanceof InvalidDefinitionError) return true;
  return error instanceof DistriError && error.code === 'BAD_TRIGGER';
}

function wanted({ id, entryPointId, trigger }: PlannedTrigger): WantedTrigger {
  const { type } = trigger;
  const config = trigger as unknown as { [key: string]: JsonValue };
  switch (type) {
    case 'schedule':
      return { id, entryPointId, type, config };
    case 'webhook':
      return { id, entryPointId, type, config, path: trigger.path };
    case 'event':
      return { id, entryPointId, type, config, topic: trigger.topic };
  }
}

function scheduledIn({ id, version, owner }: TriggeredWorkflow, { id: triggerId, entryPointId, trigger }: PlannedTrigger): Scheduled | undefined {
  return trigger.type === 'schedule' ? { triggerId, entryPointId, trigger, workflowId: id, version, owner } : undefined;
}

/** What is kept of a schedule says all but its definition. */
function scheduledOf({ id, entryPointId, config, workflowId, version, owner }: OwnedTrigger): Scheduled {
  return { triggerId: id, entryPointId, trigger: config as unknown as TriggerOf<'schedule'>, workflowId, version, owner };
}
