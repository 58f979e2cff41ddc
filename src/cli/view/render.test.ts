import pc from 'picocolors';
import { describe, expect, test } from 'vitest';
import { renderRun } from './render.js';
import type { RunView, StepView } from './run-view.js';
import { columns } from './text.js';

const frame = { now: 10_000, width: 80, height: 24, color: pc.createColors(false) };

function viewOf(...steps: Partial<StepView>[]): RunView {
  const entries = steps.map((step, index): [string, StepView] => {
    const id = step.id ?? `s${index}`;
    return [id, { id, label: id, status: 'pending', attempts: 0, ...step }];
  });
  return {
    runId: 'run-1',
    workflowId: 'flow',
    status: 'running',
    startedAt: 8000,
    steps: Object.fromEntries(entries),
    warnings: [],
    permissions: { 'google:drive': ['drive.readonly'] },
  };
}

describe('renderRun', () => {
  test('shows state, time, attempts and reasons of each step, and the totals', () => {
    const view = viewOf(
      { id: 'fetch', label: 'Fetch data', status: 'done', startedAt: 8000, completedAt: 8400, attempts: 2 },
      { id: 'send', label: 'Send', status: 'running', startedAt: 9000, attempts: 1, retry: { attempt: 2, maxAttempts: 3, dueAt: 12_000, error: 'ECONNREFUSED' } },
      { id: 'review', label: 'Review', status: 'waiting_for_input', message: 'Good?' },
      {
        id: 'copy',
        label: 'Copy',
        status: 'blocked',
        missing: ['google:drive', 'native:shell'],
        missingReasons: { 'google:drive': 'lacks the permission read', 'native:shell': 'no live worker has the skill native:shell' },
      },
      { id: 'old', label: 'Old', status: 'skipped' },
      { id: 'bad', label: 'Bad', status: 'failed', startedAt: 9000, completedAt: 9100, attempts: 1, error: 'Exit code 2: no\nsuch file' },
      { id: 'next', label: 'Next' },
    );
    expect(renderRun(view, frame)).toEqual([
      '  ✓ Fetch data  fetch   0.4s after 2 attempts',
      '  ⠋ Send        send    1.0s  attempt 2 of 3 in 2.0s: ECONNREFUSED',
      '  ? Review      review  waits for an answer: Good?',
      '  ! Copy        copy    blocked, missing: google:drive, native:shell',
      '    google:drive: lacks the permission read',
      '    distri-workflow connections add google:drive --permission drive.readonly',
      '    distri-workflow worker --skills native:shell',
      '  ↷ Old         old     skipped',
      '  ✗ Bad         bad     0.1s  Exit code 2: no such file',
      '  · Next        next',
      '  running  3 of 7 steps  2.0s',
    ]);
  });

  test('shows who pauses a run, the end of delays and waits, and what to do with a held step', () => {
    const view = viewOf(
      { id: 'nap', status: 'running', startedAt: 9000, until: Date.UTC(1970, 0, 1, 0, 1, 10) },
      { id: 'ask', status: 'waiting_for_input', message: 'Go?', until: 20_000 },
      { id: 'pay me', status: 'failed', startedAt: 9000, completedAt: 9500, attempts: 1, error: 'refused', held: true },
    );
    expect(renderRun({ ...view, paused: 'failure' }, { ...frame, width: 100 })).toEqual([
      '  ⠋ nap     1.0s  until 1970-01-01 00:01:10Z (1m 00s)',
      '  ? ask     waits for an answer until 1970-01-01 00:00:20Z (10.0s): Go?',
      '  ✗ pay me  0.5s  the run holds for it  refused',
      "    distri-workflow runs retry run-1 'pay me'",
      "    distri-workflow runs skip run-1 'pay me' --result JSON",
      '    distri-workflow runs resume run-1   (gives it up)',
      '  running  1 of 3 steps  2.0s  holds for its failed step',
    ]);
  });

  test('shows how far a fan-out has come, and the elements that wait, failed or are tried again', () => {
    const items = {
      ...{ total: 200, done: 34, failed: 3 },
      failures: new Map([2, 5, 9].map((index) => [index, { error: `bad ${index}`, held: index < 9 }])),
      waiting: new Map([4, 6, 7, 8].map((index) => [index, { message: 'Good?', schema: { type: 'boolean' } }])),
      retrying: new Map([[1, { attempt: 2, maxAttempts: 3, dueAt: 12_000, error: 'away' }]]),
      children: new Map(),
    };
    expect(renderRun(viewOf({ id: 'each', status: 'running', startedAt: 9000, items }), { ...frame, height: 40 })).toEqual([
      '  ⠋ each  1.0s  37/200, 3 failed, 4 wait for an answer',
      '    ✗ [2] bad 2',
      "      distri-workflow runs retry run-1 'each[2]'",
      "      distri-workflow runs skip run-1 'each[2]' --result JSON",
      '    ✗ [5] bad 5',
      '    distri-workflow runs retry run-1 each   (all 2)',
      '    distri-workflow runs resume run-1   (gives it up)',
      '    ? [4]: Good?',
      "      distri-workflow runs answer run-1 'each[4]' true",
      '    ? [6]: Good?',
      '    ? [7]: Good?',
      '    … 1 more wait',
      '    ↻ [1] attempt 2 of 3 in 2.0s: away',
      '  running  0 of 1 step  2.0s',
    ]);
  });

  test('shows the run of a child, how it stands and what it waits for', () => {
    const waiting = [{ run_id: 'run-1/kid', step_id: 'ask', message: 'Well?', schema: { type: 'boolean' } }];
    const view = viewOf(
      { id: 'a', status: 'running', startedAt: 9000, child: { run_id: 'run-1/a', status: 'running' } },
      { id: 'kid', status: 'waiting_for_input', startedAt: 9000, child: { run_id: 'run-1/kid', status: 'paused', waiting } },
      { id: 'b', status: 'running', startedAt: 9000, child: { run_id: 'run-1/b', status: 'paused' } },
      { id: 'c', status: 'blocked', missing: ['google:drive'], child: { run_id: 'run-1/c', status: 'blocked', missing: ['google:drive'] } },
    );
    expect(renderRun(view, { ...frame, width: 120 }).slice(0, -1)).toEqual([
      '  ⠋ a    1.0s  run run-1/a',
      '  ? kid  1.0s  run run-1/kid waits for an answer',
      '    ? ask: Well?',
      '      distri-workflow runs answer run-1/kid ask true',
      '  ⠋ b    1.0s  run run-1/b is paused',
      '    ! run run-1/b is paused',
      '      distri-workflow runs show run-1/b',
      '  ! c    blocked, missing: google:drive  run run-1/c is blocked',
      '    distri-workflow connections add google:drive --permission drive.readonly',
    ]);
  });

  test('commands take no more lines than there are', () => {
    const held = Array.from({ length: 10 }, (_, index) => ({ id: `held${index}`, status: 'failed' as const, held: true, attempts: 1 }));
    const lines = renderRun(viewOf(...held), { ...frame, height: 12 });
    expect(lines.length).toBeLessThanOrEqual(12);
    expect(lines.at(-2)).toMatch(/more/);
  });

  test('has no id column when the labels are the ids', () => {
    expect(renderRun(viewOf({ id: 'fetch' }), frame)[0]).toBe('  · fetch');
  });

  test('never draws past the width of the terminal', () => {
    const view = viewOf({ id: 'x'.repeat(300), label: '日本'.repeat(100), status: 'failed', error: 'e'.repeat(500), attempts: 1 });
    for (const line of renderRun(view, frame)) expect(columns(line)).toBeLessThanOrEqual(80);
  });

  test('of many steps shows those that need a look, within the height, in document order', () => {
    const many = Array.from({ length: 1000 }, (_, index) => ({ status: 'done' as const, startedAt: 0, completedAt: index }));
    const view = viewOf(...many, { id: 'stuck', status: 'blocked', missing: [] }, { id: 'last', status: 'failed', attempts: 1 });
    const lines = renderRun(view, { ...frame, height: 8 });
    expect(lines.length).toBeLessThanOrEqual(8);
    expect(lines.map((line) => line.trim().split(' ')[1])).toEqual(['s997', 's998', 's999', 'stuck', 'last', '997', '']);
  });

  test('a stuck interpreter does not look merely running', () => {
    const lines = renderRun({ ...viewOf(), engineError: 'Nondeterminism' }, frame);
    expect(lines.at(-1)).toContain('engine error: Nondeterminism');
  });
});
