import { defineSearchAttributeKey } from '@temporalio/common';
import { upsertMemo, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { RunInput } from '../definition/messages.js';

const VERSION = defineSearchAttributeKey('DistriVersion', 'INT');

/** Lets lists of runs show the definition that a run was moved to. */
export function showDefinition({ definition, definition_hash, migrations, search_attributes }: RunInput): void {
  if (migrations === undefined || workflowInfo().memo?.['definition_hash'] === definition_hash) return;
  upsertMemo({ definition_hash, name: definition.name ?? null });
  const { version } = definition;
  if (search_attributes !== true) return;
  upsertSearchAttributes([{ key: VERSION, value: typeof version === 'number' && Number.isSafeInteger(version) ? version : null }]);
}
