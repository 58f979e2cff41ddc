import { expect, test } from 'vitest';
import type { StepKind, WorkflowStep } from '../definition/types.js';
import { readAnswers } from './answers.js';

const waitFor = (schema?: { [key: string]: string | string[] }): StepKind => ({
  type: 'wait_for_input',
  message: '?',
  ...(schema && { schema }),
});
const asks = (id: string, schema: string) => ({ id, kind: { type: 'wait_for_input', message: '?', schema: { type: schema } } });
const deep = { id: 'deep', kind: { type: 'workflow', definition: { steps: [asks('ask', 'string')] } } };
const inner = { steps: [asks('ask', 'boolean'), { id: 'note', kind: { type: 'checkpoint', message: '' } }, deep] };
const steps = [
  { id: 'review', kind: waitFor({ type: 'object', required: ['ok'] }) },
  { id: 'a=b', kind: waitFor() },
  { id: 'a', kind: waitFor() },
  { id: 'either', kind: { type: 'condition', expression: 'x', if_true: waitFor({ type: 'string' }), if_false: waitFor({ type: 'number' }) } },
  { id: 'fetch', kind: { type: 'checkpoint', message: '' } },
  { id: 'each', kind: waitFor({ type: 'string' }), for_each: { items: [1, 2, 3, 4] } },
  { id: 'each[0]', kind: waitFor({ type: 'number' }) },
  { id: 'child', kind: { type: 'workflow', definition: inner } },
  { id: 'kids', kind: { type: 'workflow', definition: inner }, for_each: { items: [1, 2] } },
  { id: 'other', kind: { type: 'workflow', workflow_id: 'other' } },
] satisfies WorkflowStep[];

const read = async (...texts: string[]) => (await readAnswers(texts, steps)).map(({ path, value }) => [path, value]);

test('finds the step, also one with = in its id and one that waits in a branch', async () => {
  expect(await read('review={"ok":true}', 'a=b="x"', 'a=1', 'either=2')).toEqual([
    [[{ stepId: 'review' }], { ok: true }],
    [[{ stepId: 'a=b' }], 'x'],
    [[{ stepId: 'a' }], 1],
    [[{ stepId: 'either' }], 2],
  ]);
});

test('finds elements, unless a step is called so itself', async () => {
  expect(await read('each="all"', 'each[3]="x"', 'each[0]=7')).toEqual([
    [[{ stepId: 'each' }], 'all'],
    [[{ stepId: 'each', index: 3 }], 'x'],
    [[{ stepId: 'each[0]' }], 7],
  ]);
});

test('finds steps of children, of theirs, and of workflows that are known by their id only', async () => {
  expect(await read('child/ask=true', 'kids[1]/ask=false', 'child/deep/ask="x"', 'other/some[2]/step=1')).toEqual([
    [[{ stepId: 'child' }, { stepId: 'ask' }], true],
    [[{ stepId: 'kids', index: 1 }, { stepId: 'ask' }], false],
    [[{ stepId: 'child' }, { stepId: 'deep' }, { stepId: 'ask' }], 'x'],
    [[{ stepId: 'other' }, { stepId: 'some', index: 2 }, { stepId: 'step' }], 1],
  ]);
});

test.each([
  ['nope=1', /no step 'nope'/],
  ['fetch=1', /'fetch' does not wait/],
  ['review', /STEP=JSON/],
  ['review=yes', /not JSON/],
  ['review={}', /--answer review does not fit.*'ok'/],
  ['either=true', /--answer either does not fit/],
  ['a[0]=1', /'a' has no elements/],
  ['each[1]=1', /--answer each\[1\] does not fit/],
  ['child=1', /'child' runs another workflow.*child\/STEP=JSON/],
  ['child/note=1', /'child\/note' is no step that waits/],
  ['child/ask="x"', /--answer child\/ask does not fit/],
  ['child/deep/ask=1', /--answer child\/deep\/ask does not fit/],
])('refuses %s', async (text, message) => {
  await expect(readAnswers([text], steps)).rejects.toThrow(message);
});

test('refuses two answers for one step', async () => {
  await expect(readAnswers(['a=1', 'a=2'], steps)).rejects.toThrow(/twice/);
});
