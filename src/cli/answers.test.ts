import { expect, test } from 'vitest';
import type { StepKind, WorkflowStep } from '../definition/types.js';
import { readAnswers } from './answers.js';

const waitFor = (schema?: { [key: string]: string | string[] }): StepKind => ({
  type: 'wait_for_input',
  message: '?',
  ...(schema && { schema }),
});
const steps = [
  { id: 'review', kind: waitFor({ type: 'object', required: ['ok'] }) },
  { id: 'a=b', kind: waitFor() },
  { id: 'a', kind: waitFor() },
  { id: 'either', kind: { type: 'condition', expression: 'x', if_true: waitFor({ type: 'string' }), if_false: waitFor({ type: 'number' }) } },
  { id: 'fetch', kind: { type: 'checkpoint', message: '' } },
] satisfies WorkflowStep[];

test('finds the step, also one with = in its id and one that waits in a branch', async () => {
  expect([...(await readAnswers(['review={"ok":true}', 'a=b="x"', 'a=1', 'either=2'], steps))]).toEqual([
    ['review', { ok: true }],
    ['a=b', 'x'],
    ['a', 1],
    ['either', 2],
  ]);
});

test.each([
  ['nope=1', /no step 'nope'/],
  ['fetch=1', /'fetch' does not wait/],
  ['review', /STEP=JSON/],
  ['review=yes', /not JSON/],
  ['review={}', /--answer review does not fit.*'ok'/],
  ['either=true', /--answer either does not fit/],
])('refuses %s', async (text, message) => {
  await expect(readAnswers([text], steps)).rejects.toThrow(message);
});

test('refuses two answers for one step', async () => {
  await expect(readAnswers(['a=1', 'a=2'], steps)).rejects.toThrow(/twice/);
});
