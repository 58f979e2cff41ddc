import { defineSearchAttributeKey } from '@temporalio/common';
import { upsertMemo, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { RunInput } from '../definition/messages.js';

const VERSION = defineSearchAttributeKey('DistriVersion', 'INT');

/** Lets lists of runs show the definition that a run was moved to, and the version of a child that was named by its id alone. */
export function showDefinition({ definition, definition_hash, migrations, search_attributes, workflow }: RunInput): void {
  const { memo, typedSearchAttributes } = workflowInfo();
  const moved = migrations !== undefined && memo?.['definition_hash'] !== definition_hash;
  if (moved) upsertMemo({ definition_hash, name: definition.name ?? null });
  const { version } = definition;
  const number = typeof version === 'number' && Number.isSafeInteger(version) ? version : null;
  const found = workflow !== undefined && number !== null && typedSearchAttributes.get(VERSION) !== number;
  if (search_attributes === true && (moved || found)) upsertSearchAttributes([{ key: VERSION, value: number }]);
}
