import type { Problem } from './errors.js';

/** A problem as one line for people: `file:line:col  error CODE  $.path  message (hint)`. */
export function formatProblem(problem: Problem, file?: string): string {
  const position = problem.line === undefined ? undefined : `${problem.line}:${problem.column ?? 1}`;
  const place = [file, position].filter((part) => part !== undefined).join(':');
  const hint = problem.hint === undefined ? '' : ` (${problem.hint})`;
  const parts = [`${problem.severity} ${problem.code}`, problem.path, `${problem.message}${hint}`];
  return oneLine((place === '' ? parts : [place, ...parts]).join('  '));
}

/** Control characters in strangers' names would otherwise break the line or steer the terminal. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu, escapeCharacter);
}

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
