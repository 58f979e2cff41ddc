import { expect, test } from 'vitest';
import type { EventBody, RunEvent } from '../../definition/snapshot.js';
import type { WorkflowDefinition } from '../../definition/types.js';
import { LineLog } from './line-log.js';
import { apply, viewOfDefinition } from './run-view.js';

const definition: WorkflowDefinition = {
  id: 'flow',
  steps: [{ id: 'each', label: 'Each', for_each: { items: '{input.rows}' }, kind: { type: 'checkpoint', message: '' } }],
};
const step = { workflow_id: 'flow', step_id: 'each', step_label: 'Each' };

function linesOf(...events: [atMs: number, body: EventBody][]): string[] {
  const view = viewOfDefinition(definition, 'run-1', 0);
  const log = new LineLog(view);
  return events.flatMap(([at, body], index) => {
    const event: RunEvent = { ...body, seq: index + 1, at: new Date(at).toISOString() };
    apply(view, event);
    return log.lines(event);
  });
}

const progress = (done: number): EventBody => ({ event: 'step_progress', ...step, total: 200, done, failed: 0 });

test('tells of progress a tenth at a time, and not more than once a second', () => {
  const slow = Array.from({ length: 100 }, (_, percent): [number, EventBody] => [percent * 5_000, progress(percent * 2)]);
  expect(linesOf(...slow).length).toBe(9);
  const quick = Array.from({ length: 100 }, (_, percent): [number, EventBody] => [percent * 40, progress(percent * 2)]);
  expect(linesOf(...quick)).toEqual(['▸ Each (each) 50/200', '▸ Each (each) 100/200', '▸ Each (each) 150/200']);
});

test('tells of the first elements that fail or wait, and then that there are more', () => {
  const failed = (index: number): [number, EventBody] => [index, { event: 'step_item_failed', ...step, index, error: 'no', held: index === 0 }];
  const lines = linesOf(...Array.from({ length: 50 }, (_, index) => failed(index)));
  expect(lines).toEqual([
    '✗ Each (each) [0]: no',
    "    distri-workflow runs retry run-1 'each[0]'",
    "    distri-workflow runs skip run-1 'each[0]' --result JSON",
    '    distri-workflow runs resume run-1   (gives it up)',
    ...[1, 2, 3, 4].map((index) => `✗ Each (each) [${index}]: no`),
    '  … further elements of each are not told of one by one',
  ]);
});

test('a child that waits is shown with the command that answers it on its own run', () => {
  const waiting = [{ run_id: 'run-1/each[2]/sub', step_id: 'ask', message: 'Well?', schema: { type: 'boolean' } }];
  const child = { child_run_id: 'run-1/each[2]', child_status: 'paused' as const, index: 2, waiting };
  expect(linesOf([0, { event: 'step_child', ...step, ...child }])).toEqual([
    '? Each (each) [2]: run run-1/each[2] waits for an answer to ask: Well?',
    "    distri-workflow runs answer 'run-1/each[2]/sub' ask true",
  ]);
});

test('the end says how many there were', () => {
  const end: EventBody = { event: 'step_completed', ...step, result: [1, { error: 'no' }, 3] };
  const lines = linesOf([0, { event: 'step_started', ...step }], [5, { event: 'step_item_failed', ...step, index: 1, error: 'no' }], [2000, end]);
  expect(lines.at(-1)).toBe('✓ Each (each) 3/3, 1 failed 2.0s');
});
