import { upsertMemo, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import { attributeKeys, indexedVersion } from '../definition/attributes.js';
import type { RunInput } from '../definition/messages.js';
import { keyword } from '../definition/text.js';

/** Lets lists of runs show the definition that a run was moved to, and which workflow and version a child is one of that was named by an id. */
export function showDefinition({ definition, definition_hash, migrations, search_attributes, workflow }: RunInput): void {
  const { memo, typedSearchAttributes } = workflowInfo();
  const moved = migrations !== undefined && memo?.['definition_hash'] !== definition_hash;
  if (moved) upsertMemo({ definition_hash, name: definition.name ?? null });
  const { id } = definition;
  const renamed = workflow !== undefined && workflow.id !== id && migrations === undefined && memo?.['workflow_id'] !== id;
  if (renamed) upsertMemo({ workflow_id: id });
  const version = indexedVersion(definition.version);
  const found = workflow !== undefined && version !== undefined && typedSearchAttributes.get(attributeKeys.version) !== version;
  if (search_attributes === true && (moved || found || renamed)) {
    upsertSearchAttributes([
      { key: attributeKeys.version, value: version ?? null },
      ...(renamed ? [{ key: attributeKeys.workflowId, value: keyword(id) }] : []),
    ]);
  }
}
