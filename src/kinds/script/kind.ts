import type { Kind } from '../kind.js';

export const script = {
  title: 'Script',
  runs: 'activity',
  skill: 'native:shell',
  textFields: ['command', 'args', 'cwd', 'env'],
  ownQueueOnly: true,
  context: 'unless_mapped',
} as const satisfies Kind;
