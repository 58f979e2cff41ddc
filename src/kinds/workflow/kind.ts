import type { Kind } from '../kind.js';

export const workflow = { title: 'Workflow', runs: 'child', timed: true, textFields: ['workflow_id'] } as const satisfies Kind;
