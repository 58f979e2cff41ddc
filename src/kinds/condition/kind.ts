import type { Kind } from '../kind.js';

export const condition = { title: 'Condition', runs: 'inline', textFields: [] } as const satisfies Kind;
