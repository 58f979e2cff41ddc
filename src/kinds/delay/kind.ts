import type { Kind } from '../kind.js';

export const delay = { title: 'Delay', runs: 'inline', textFields: [] } as const satisfies Kind;
