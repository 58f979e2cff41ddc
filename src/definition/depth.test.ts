import { expect, it } from 'vitest';
import type { JsonValue } from './json.js';
import { nestsWithin } from './depth.js';

function nested(levels: number): JsonValue {
  let value: JsonValue = 1;
  for (let level = 0; level < levels; level += 1) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

it.each([
  [0, 10, true],
  [10, 10, true],
  [12, 10, false],
  [100_000, 500, false],
])('%i levels nest within %i: %s', (levels, most, expected) => {
  expect(nestsWithin(nested(levels), most)).toBe(expected);
});
