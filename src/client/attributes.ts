import { defineSearchAttributeKey, TypedSearchAttributes, type SearchAttributePair } from '@temporalio/common';
import { SEARCH_ATTRIBUTES } from '../definition/messages.js';
import { keyword } from '../definition/text.js';
import type { WorkflowDefinition } from '../definition/types.js';

/** Our search attributes as typed keys. */
export const attributeKeys = {
  workflowId: defineSearchAttributeKey('DistriWorkflowId', SEARCH_ATTRIBUTES.DistriWorkflowId),
  status: defineSearchAttributeKey('DistriStatus', SEARCH_ATTRIBUTES.DistriStatus),
  missing: defineSearchAttributeKey('DistriMissingSkills', SEARCH_ATTRIBUTES.DistriMissingSkills),
  version: defineSearchAttributeKey('DistriVersion', SEARCH_ATTRIBUTES.DistriVersion),
  owner: defineSearchAttributeKey('DistriOwner', SEARCH_ATTRIBUTES.DistriOwner),
} as const;

/** The attributes that a run starts with. */
export function startAttributes(definition: WorkflowDefinition, owner: string | undefined): TypedSearchAttributes {
  const pairs: SearchAttributePair[] = [
    { key: attributeKeys.workflowId, value: keyword(definition.id) },
    { key: attributeKeys.status, value: 'running' },
  ];
  const { version } = definition;
  if (typeof version === 'number' && Number.isSafeInteger(version)) pairs.push({ key: attributeKeys.version, value: version });
  if (owner !== undefined) pairs.push({ key: attributeKeys.owner, value: keyword(owner) });
  return new TypedSearchAttributes(pairs);
}

/** How to give a namespace the attributes. */
export const ADD_ATTRIBUTES =
  'The Temporal namespace lacks the search attributes of distri-workflow, so runs cannot be found by status or skill. ' +
  'Start a worker or `distri-workflow dev` once with the right to add them, or run `temporal operator search-attribute create ' +
  `${Object.entries(SEARCH_ATTRIBUTES)
    .map(([name, type]) => `--name ${name} --type ${attributeTypeName(type)}`)
    .join(' ')}\`.`;

function attributeTypeName(type: (typeof SEARCH_ATTRIBUTES)[keyof typeof SEARCH_ATTRIBUTES]): string {
  switch (type) {
    case 'KEYWORD':
      return 'Keyword';
    case 'KEYWORD_LIST':
      return 'KeywordList';
    case 'INT':
      return 'Int';
  }
}
