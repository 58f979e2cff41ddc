import { requireRole, type Content, type Viewer } from '../../../store/workflows.js';
import { checkTriggers } from '../../triggers/check.js';
import type { TriggerDeps } from '../../triggers/deps.js';

/**
 * Looks whether a workflow may become this, as far as the store itself does not.
 * @throws DistriError `WORKFLOW_NOT_FOUND`, `FORBIDDEN`, and InvalidDefinitionError `BAD_TRIGGER`
 */
export async function checkChange(deps: TriggerDeps, viewer: Viewer, id: string, { definition }: Content): Promise<void> {
  const { record } = requireRole(id, await deps.store.workflows.find(viewer, id), 'edit');
  await checkTriggers(deps, { definition, owner: record.owner, workflowId: id });
}
