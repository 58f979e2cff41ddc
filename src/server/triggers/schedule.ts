import { createHash } from 'node:crypto';
import type { ScheduleSettings } from '../../client/index.js';
import { canonicalJson } from '../../definition/canonical.js';
import { cronExpressions, timeZone } from '../../definition/cron.js';
import { isObject, type JsonValue } from '../../definition/json.js';
import type { TriggerOf, WorkflowDefinition } from '../../definition/types.js';

export const SCHEDULE_PREFIX = 'distri-trigger-';
const DEFAULT_CATCHUP_SECS = 3_600;

/** A schedule of a version of a workflow. */
export interface Scheduled {
  readonly triggerId: string;
  readonly entryPointId: string;
  readonly trigger: TriggerOf<'schedule'>;
  readonly workflowId: string;
  readonly version: number;
  readonly owner: string;
}

/** The id of a trigger's schedule on Temporal. */
export function scheduleId(triggerId: string): string {
  return `${SCHEDULE_PREFIX}${triggerId}`;
}

/** Names all that the schedule is made of. */
export function scheduleMark({ trigger, ...rest }: Scheduled): string {
  const hash = createHash('sha256').update(canonicalJson({ ...rest, trigger: trigger as unknown as JsonValue }));
  return `v${rest.version}-${hash.digest('hex').slice(0, 32)}`;
}

/** The schedule as Temporal gets it. `definition`: that of the version. Throws CronError. */
export function scheduleSettings(scheduled: Scheduled, definition: WorkflowDefinition): ScheduleSettings {
  const { triggerId, entryPointId, trigger, workflowId, owner } = scheduled;
  return {
    definition,
    start: {
      owner,
      entryPoint: entryPointId,
      trigger: { id: triggerId, type: 'schedule' },
      ...(isObject(trigger.input) ? { input: trigger.input } : {}),
    },
    runIdBase: `${workflowId}-scheduled`,
    cron: cronExpressions(trigger.cron),
    timeZone: timeZone(trigger.timezone ?? undefined),
    overlap: trigger.overlap ?? 'skip',
    catchupSecs: trigger.catchup_secs ?? DEFAULT_CATCHUP_SECS,
    paused: trigger.enabled === false,
    mark: scheduleMark(scheduled),
  };
}
