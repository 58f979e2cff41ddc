import { upsertMemo, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import { attributeKeys, indexedVersion } from '../definition/attributes.js';
import type { RunInput } from '../definition/messages.js';

/** Lets lists of runs show the definition that a run was moved to, and the version of a child that was named by its id alone. */
export function showDefinition({ definition, definition_hash, migrations, search_attributes, workflow }: RunInput): void {
  const { memo, typedSearchAttributes } = workflowInfo();
  const moved = migrations !== undefined && memo?.['definition_hash'] !== definition_hash;
  if (moved) upsertMemo({ definition_hash, name: definition.name ?? null });
  const version = indexedVersion(definition.version);
  const found = workflow !== undefined && version !== undefined && typedSearchAttributes.get(attributeKeys.version) !== version;
  if (search_attributes === true && (moved || found)) upsertSearchAttributes([{ key: attributeKeys.version, value: version ?? null }]);
}
