import type { Kind } from '../kind.js';

export const reply = { title: 'Reply', runs: 'inline', textFields: ['text'] } as const satisfies Kind;
