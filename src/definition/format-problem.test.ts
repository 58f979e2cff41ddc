import { expect, test } from 'vitest';
import { formatProblem } from './format-problem.js';

const problem = { severity: 'error', code: 'BAD_ID', path: '$.id', message: 'No', hint: 'Yes' } as const;

test('a problem is one line with file, position, code, path, message and hint', () => {
  expect(formatProblem({ ...problem, line: 3, column: 7 }, 'a.json')).toBe('a.json:3:7  error BAD_ID  $.id  No (Yes)');
});

test('what is not known is left out', () => {
  expect(formatProblem({ severity: 'warning', code: 'BAD_ID', path: '$', message: 'No' })).toBe(
    'warning BAD_ID  $  No',
  );
  expect(formatProblem(problem, 'a.json')).toBe('a.json  error BAD_ID  $.id  No (Yes)');
});

test('control characters of the document cannot break the line or steer the terminal', () => {
  expect(formatProblem({ ...problem, message: "'\u001b[2J\n\u202e'" })).toBe(
    "error BAD_ID  $.id  '\\u001b[2J\\u000a\\u202e' (Yes)",
  );
});
