import type { JsonObject } from '../../../definition/json.js';
import { requireRole, type Content, type Viewer } from '../../../store/workflows.js';
import { checkInnerIds } from '../../own-ids.js';
import { checkTriggers } from '../../triggers/check.js';
import type { TriggerDeps } from '../../triggers/deps.js';

/**
 * Looks whether a workflow may become this, as far as the store itself does not.
 * @throws DistriError `WORKFLOW_NOT_FOUND`, `FORBIDDEN`, and InvalidDefinitionError `BAD_TRIGGER`
 */
export async function checkChange(deps: TriggerDeps, viewer: Viewer, id: string, { definition }: Content): Promise<void> {
  const { workflows } = deps.store;
  const { record } = requireRole(id, await workflows.find(viewer, id), 'edit');
  await checkInnerIds(workflows, viewer, definition as unknown as JsonObject);
  await checkTriggers(deps, { definition, owner: record.owner, workflowId: id });
}
