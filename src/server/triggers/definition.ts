import type { WorkflowDefinition } from '../../definition/types.js';
import type { TriggeredWorkflow } from '../../store/triggers.js';
import { readStored } from '../../store/workflows.js';

/** The definition that a trigger starts: that of the stored version, under the ids of the store. Throws InvalidDefinitionError. */
export function triggeredDefinition({ id, version, document }: TriggeredWorkflow): WorkflowDefinition {
  return { ...readStored(document).definition, id, version };
}
