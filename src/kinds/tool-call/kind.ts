import type { Kind } from '../kind.js';

export const toolCall = {
  title: 'Tool call',
  runs: 'activity',
  skill: 'native:tool',
  textFields: ['tool_name'],
  context: 'unless_input',
} as const satisfies Kind;
