import type { Kind } from '../kind.js';

export const waitForInput = { title: 'Wait for input', runs: 'inline', textFields: ['message'] } as const satisfies Kind;
