import { expect, test } from 'vitest';
import { exampleOf } from './example.js';

test.each([
  [undefined, 'your answer'],
  [true, 'your answer'],
  [{ const: 7 }, 7],
  [{ enum: ['a', 'b'] }, 'a'],
  [{ type: 'string', default: 'x' }, 'x'],
  [{ type: ['integer', 'null'], minimum: 3 }, 3],
  [
    {
      type: 'object',
      properties: { approved: { type: 'boolean' }, notes: { type: 'string' }, at: { type: 'object' } },
      required: ['approved', 'at'],
    },
    { approved: true, at: {} },
  ],
])('exampleOf(%j) is %j', (schema, example) => {
  expect(exampleOf(schema)).toEqual(example);
});
