import type { Kind } from '../kind.js';

export const agentRun = {
  title: 'Agent run',
  runs: 'activity',
  skill: 'native:agent',
  textFields: ['prompt', 'model', 'agent_id'],
  ownQueueOnly: true,
  context: 'never',
} as const satisfies Kind;
