import type { SearchAttributePair } from '@temporalio/common';
import { SEARCH_ATTRIBUTES } from './messages.js';
import { keyword } from './text.js';

/** Our search attributes as Temporal's typed keys, which are plain data. */
export const attributeKeys = {
  workflowId: { name: 'DistriWorkflowId', type: SEARCH_ATTRIBUTES.DistriWorkflowId },
  status: { name: 'DistriStatus', type: SEARCH_ATTRIBUTES.DistriStatus },
  missing: { name: 'DistriMissingSkills', type: SEARCH_ATTRIBUTES.DistriMissingSkills },
  version: { name: 'DistriVersion', type: SEARCH_ATTRIBUTES.DistriVersion },
  owner: { name: 'DistriOwner', type: SEARCH_ATTRIBUTES.DistriOwner },
} satisfies { [key: string]: { name: keyof typeof SEARCH_ATTRIBUTES; type: string } };

/** A definition's version as it can be searched for; undefined when it is no whole number. */
export function indexedVersion(version: string | number | null | undefined): number | undefined {
  return typeof version === 'number' && Number.isSafeInteger(version) ? version : undefined;
}

interface Started {
  readonly workflowId: string;
  readonly version: string | number | null | undefined;
  readonly owner: string | undefined;
}

/** The attributes that a run starts with. */
export function startAttributes({ workflowId, version, owner }: Started): SearchAttributePair[] {
  const number = indexedVersion(version);
  return [
    { key: attributeKeys.workflowId, value: keyword(workflowId) },
    { key: attributeKeys.status, value: 'running' },
    ...(number === undefined ? [] : [{ key: attributeKeys.version, value: number }]),
    ...(owner === undefined ? [] : [{ key: attributeKeys.owner, value: keyword(owner) }]),
  ];
}
