import { SEARCH_ATTRIBUTES } from '../definition/messages.js';

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
