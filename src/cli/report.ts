import { DistriError } from '../definition/errors.js';
import { formatProblem } from '../definition/format-problem.js';
import { messageOf } from '../definition/text.js';
import { errorDocument, problemsOf } from './errors.js';
import type { Terminal } from './terminal.js';

/** Tells on stderr what went wrong: for people, or with `--json` as one line of JSON. */
export function reportError(error: unknown, terminal: Terminal, debug: boolean): void {
  if (terminal.json) {
    terminal.say(JSON.stringify(errorDocument(error)));
  } else if (error instanceof DistriError) {
    reportDistriError(error, terminal);
  } else {
    terminal.say(`${terminal.color.red('error')}: ${messageOf(error)}`);
    if (!debug) terminal.say('  Set DISTRI_DEBUG=1 to see where it came from.');
  }
  if (debug && error instanceof Error) terminal.say(stackOf(error));
}

function reportDistriError(error: DistriError, terminal: Terminal): void {
  const { color } = terminal;
  const problems = problemsOf(error);
  terminal.say(`${color.red('error')} ${color.bold(error.code)}: ${error.message}`);
  for (const problem of problems) terminal.say(`  ${formatProblem(problem)}`);
  if (error.hint !== undefined) terminal.say(`  ${color.dim(error.hint)}`);
}

function stackOf(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${stackOf(error.cause)}` : '';
  return `${error.stack ?? error.message}${cause}`;
}
