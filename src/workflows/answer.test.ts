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
    const begun = performance.now();
    const found = problems({ type: 'array', items: { type: 'object', required: ['a'] } }, Array<string>(30_000).fill('x'));
    expect(found).toHaveLength(100);
    expect(performance.now() - begun).toBeLessThan(2_000);
  });

  test('tell of a key that is not well-formed text', () => {
    expect(problems({ type: 'object', additionalProperties: { type: 'number' } }, { '\ud800': 1 })).toEqual([
      '$: The answer cannot be checked: a key in it is not well-formed text',
    ]);
  });
});
