import type { Kind } from '../kind.js';

export const apiCall = {
  title: 'API call',
  runs: 'activity',
  skill: 'native:network',
  textFields: ['method', 'url', 'headers'],
  context: 'never',
  contextKey: 'last_response',
  contextPart: 'body',
} as const satisfies Kind;
