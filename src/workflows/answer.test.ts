import { describe, expect, test } from 'vitest';
import { answerProblems } from './answer.js';

const problems = (schema: Parameters<typeof answerProblems>[0], value: Parameters<typeof answerProblems>[1]) =>
  answerProblems(schema, value).map(({ path, message }) => `${path}: ${message}`);

describe('the problems of an answer', () => {
  test('are where it is wrong, and not everywhere above that', () => {
    const schema = { type: 'object', properties: { notes: { type: 'array', items: { type: 'string' } } }, required: ['ok'] };
    expect(problems(schema, { notes: ['a', 2] })).toEqual([
      expect.stringMatching(/^\$: .*ok/) as string,
      expect.stringMatching(/^\$\.notes\[1\]: .*string/) as string,
    ]);
  });

  test('are none when it fits, or when there is no schema', () => {
    expect(problems({ type: 'number' }, 5)).toEqual([]);
    expect(problems(undefined, 'anything')).toEqual([]);
  });

  test('are a hundred at most, found in no time, of a long answer', () => {
    const begun = process.cpuUsage();
    const found = problems({ type: 'array', items: { type: 'object', required: ['a'] } }, Array<string>(30_000).fill('x'));
    expect(found).toHaveLength(100);
    expect(process.cpuUsage(begun).user / 1_000).toBeLessThan(2_000);
  });

  test('tell of a key that is not well-formed text', () => {
    expect(problems({ type: 'object', additionalProperties: { type: 'number' } }, { '\ud800': 1 })).toEqual([
      '$: The answer cannot be checked: a key in it is not well-formed text',
    ]);
  });
});

test('reads a tuple by draft 7, where `items` is a list, and by $schema', () => {
  const tuple = { type: 'array', items: [{ type: 'string' }, { type: 'number' }] };
  expect(problems(tuple, ['a', 1])).toEqual([]);
  expect(problems(tuple, ['a', 'b'])).toHaveLength(1);
  expect(problems({ ...tuple, $schema: 'http://json-schema.org/draft-07/schema#' }, [1])).toHaveLength(1);
});

test('tries no pattern on a text so long that it could take for ever', () => {
  expect(problems({ type: 'string', pattern: '^(a|b)*$' }, 'a'.repeat(10_001))).toEqual([
    expect.stringContaining('more than 10000 characters'),
  ]);
});
