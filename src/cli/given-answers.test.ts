import { expect, test } from 'vitest';
import { findAnswer, type GivenAnswer } from './given-answers.js';
import type { Wait } from './view/waits.js';

const given = (value: string, ...path: GivenAnswer['path']): GivenAnswer => ({ address: value, path, value });
const wait = (stepId: string, more: Partial<Wait> = {}): Wait => ({ runId: 'run', stepId, title: '', message: '', ...more });
const found = (answers: GivenAnswer[], waiting: Wait) => findAnswer(answers, waiting)?.value;

test('an answer for a step is for each of its elements, and one for an element comes first', () => {
  const answers = [given('all', { stepId: 'each' }), given('third', { stepId: 'each', index: 3 })];
  expect(found(answers, wait('each', { index: 2 }))).toBe('all');
  expect(found(answers, wait('each', { index: 3 }))).toBe('third');
  expect(found(answers, wait('other'))).toBeUndefined();
  expect(found(answers.slice(1), wait('each', { index: 2 }))).toBeUndefined();
});

test('an answer for a step of a child is for no step of the run itself', () => {
  const answers = [given('inner', { stepId: 'child' }, { stepId: 'ask' })];
  expect(found(answers, wait('ask'))).toBeUndefined();
  expect(found(answers, wait('ask', { under: { stepId: 'child', between: '' } }))).toBe('inner');
  expect(found(answers, wait('ask', { under: { stepId: 'child', between: '#1' } }))).toBe('inner');
  expect(found(answers, wait('ask', { under: { stepId: 'child', index: 4, between: '' } }))).toBe('inner');
  expect(found(answers, wait('ask', { under: { stepId: 'child', between: '/deeper' } }))).toBeUndefined();
});

test('goes down through children of children, by element where one is named', () => {
  const answers = [given('deep', { stepId: 'a' }, { stepId: 'b.c' }, { stepId: 'ask', index: 1 }), given('first', { stepId: 'a' }, { stepId: 'b.c', index: 0 }, { stepId: 'ask' })];
  const inside = (between: string, index: number) => wait('ask', { index, under: { stepId: 'a', between } });
  expect(found(answers, inside('/b.c', 1))).toBe('deep');
  expect(found(answers, inside('/b.c[7]#2', 1))).toBe('deep');
  expect(found(answers, inside('/b.c[0]', 2))).toBe('first');
  expect(found(answers, inside('/bxc', 1))).toBeUndefined();
});
