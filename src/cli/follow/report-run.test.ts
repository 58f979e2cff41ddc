import pc from 'picocolors';
import { expect, test } from 'vitest';
import type { RunSnapshot, StepSnapshot } from '../../definition/snapshot.js';
import type { Terminal } from '../terminal.js';
import { sayEnd } from './report-run.js';

const plain = pc.createColors(false);
const failed = (error: string, error_code: 'TOOL_FAILED' | 'SCRIPT_EXIT'): StepSnapshot => ({ status: 'failed', kind: 'script', label: 'x', attempts: 1, error, error_code });

test('the end of a failed run tells first of the step that failed it, and where to read about that', () => {
  const said: string[] = [];
  const terminal: Terminal = {
    print: () => undefined,
    say: (text) => void said.push(text),
    color: plain,
    printColor: plain,
    live: false,
    interactive: false,
    json: false,
  };
  const snapshot: RunSnapshot = {
    run_id: 'r',
    workflow_id: 'w',
    definition_hash: '',
    status: 'failed',
    error: 'Exit code 3: no',
    error_code: 'SCRIPT_EXIT',
    steps: { tolerated: failed('no luck', 'TOOL_FAILED'), cause: failed('Exit code 3: no', 'SCRIPT_EXIT') },
    context: {},
    warnings: [],
    started_at: '2027-01-01T00:00:00Z',
  };
  expect(sayEnd(terminal, snapshot)).toBe(1);
  expect(said).toEqual([
    'error SCRIPT_EXIT: The run failed',
    '  ✗ step cause SCRIPT_EXIT: Exit code 3: no',
    '  ✗ step tolerated TOOL_FAILED: no luck',
    '  See docs/errors.md#script_exit',
  ]);
});
