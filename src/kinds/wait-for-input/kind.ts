import type { Kind } from '../kind.js';

export const waitForInput = { title: 'Wait for input', runs: 'inline', timed: true, textFields: ['message'] } as const satisfies Kind;
