import { expect, test } from 'vitest';
import type { WorkflowDefinition } from '../definition/types.js';
import { currentDetails } from './details.js';
import { RunMachine } from './machine.js';
import { compilePlan } from './plan.js';

type Steps = WorkflowDefinition['steps'];

function started(steps: Steps): RunMachine {
  const machine = new RunMachine(compilePlan({ id: 'doc', steps }, undefined), {});
  const check = machine.gate.everything();
  if (check) {
    const requirements = check.requirements.map(({ skill }) => ({ available: skill !== 'google:drive', served: false }));
    machine.learn(check, { requirements, tools: {} });
  }
  machine.start();
  machine.advance();
  return machine;
}

const note = (id: string): Steps[number] => ({ id, kind: { type: 'checkpoint', message: 'x' } });

test('are counts and one line for each step that matters, what needs somebody first', () => {
  const ask: Steps[number] = { id: 'ask', label: 'Review', kind: { type: 'wait_for_input', message: 'Is it *good*?' }, execution: 'parallel' };
  const copy: Steps[number] = { ...note('copy'), requires: [{ skill: 'google:drive' }], execution: 'parallel' };
  expect(currentDetails(started([note('first'), ask, copy])).split('\n')).toEqual([
    expect.stringMatching(/^\*\*\w+\*\* · 1 of 3 done · 1 waiting for input · 1 blocked$/),
    '',
    expect.stringMatching(/^- blocked · \*\*copy\*\*/),
    '- waiting for input · **Review** — Is it \\*good\\*?',
    '- done · **first**',
  ]);
});

test('show text as it is, on one line and well-formed', () => {
  const [, , line] = currentDetails(started([{ ...note('a'), label: ' <b>1</b>\n- [x](y) &lt; `c` \\ a_b \ud800' }])).split('\n');
  expect(line).toBe('- done · **\\<b\\>1\\</b\\> - \\[x\\](y) \\&lt; \\`c\\` \\\\ a\\_b \ufffd**');
});

test('hold at most 50 steps', () => {
  expect(currentDetails(started(Array.from({ length: 60 }, (_, index) => note(`s${index}`)))).match(/^- /gm)).toHaveLength(50);
});
