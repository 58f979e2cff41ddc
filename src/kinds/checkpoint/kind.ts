import type { Kind } from '../kind.js';

export const checkpoint = { title: 'Checkpoint', runs: 'inline', textFields: ['message'] } as const satisfies Kind;
