import { v5 as uuidv5 } from 'uuid';
import type { TriggerOf, WorkflowDefinition } from '../../definition/types.js';

/** The sorts of triggers that the server acts on; the others are for channels, and are kept as they are. */
export const TRIGGER_TYPES = ['schedule', 'webhook', 'event'] as const;
export type ActiveTrigger = TriggerOf<(typeof TRIGGER_TYPES)[number]>;

/** A trigger of a stored workflow. */
export interface PlannedTrigger {
  /** Stays the same from version to version. */
  readonly id: string;
  readonly entryPointId: string;
  readonly trigger: ActiveTrigger;
  /** Where it is in the document. */
  readonly path: readonly (string | number)[];
}

const NAMESPACE = '9f1c1a9e-6d0c-5f44-9a53-6c1f5fd7f9d4';

/**
 * The triggers of a definition that the server acts on. The id of one is made of the workflow, the entry point, the type
 * and the number among those of its type there, so that it outlives changes of its settings.
 */
export function plannedTriggers(workflowId: string, definition: WorkflowDefinition): PlannedTrigger[] {
  return (definition.entry_points ?? []).flatMap(({ id: entryPointId, triggers }, index) => {
    const counts = new Map<string, number>();
    return (triggers ?? []).flatMap((trigger, number): PlannedTrigger[] => {
      if (!isActive(trigger)) return [];
      const nth = counts.get(trigger.type) ?? 0;
      counts.set(trigger.type, nth + 1);
      const id = uuidv5(JSON.stringify([workflowId, entryPointId, trigger.type, nth]), NAMESPACE);
      return [{ id, entryPointId, trigger, path: ['entry_points', index, 'triggers', number] }];
    });
  });
}

function isActive(trigger: { readonly type: string }): trigger is ActiveTrigger {
  return TRIGGER_TYPES.some((type) => type === trigger.type);
}
