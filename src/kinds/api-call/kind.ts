import type { Kind } from '../kind.js';

export const apiCall = {
  title: 'API call',
  runs: 'activity',
  skill: 'native:network',
  textFields: ['method', 'url', 'headers'],
  context: 'never',
  contextKey: 'last_response',
} as const satisfies Kind;
