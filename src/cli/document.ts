import { text } from 'node:stream/consumers';
import { InvalidDefinitionError, type Problem } from '../definition/errors.js';
import { parseWorkflow, readWorkflowFile, type ParsedWorkflow } from '../definition/parse.js';
import type { Terminal } from './terminal.js';
import { plain } from './view/text.js';

/** Reads and checks a document; `-` is stdin. Throws InvalidDefinitionError with every problem. */
export async function readDocument(file: string): Promise<ParsedWorkflow> {
  if (file !== '-') return readWorkflowFile(file);
  const document = await text(process.stdin);
  return parseWorkflow(document, { file, format: document.trimStart().startsWith('{') ? 'json' : 'yaml' });
}

/** What checking a file has found. */
export interface Checked {
  valid: boolean;
  problems: Problem[];
}

/** As {@link readDocument}, but an invalid document is an answer and no error. */
export async function checkDocument(file: string): Promise<Checked> {
  try {
    return { valid: true, problems: (await readDocument(file)).problems };
  } catch (error) {
    if (error instanceof InvalidDefinitionError) return { valid: false, problems: error.problems };
    throw error;
  }
}

/** `file:line:column: error CODE: message` for each problem, on stderr, with its path and hint below. */
export function sayProblems(terminal: Terminal, file: string, problems: readonly Problem[]): void {
  const { color } = terminal;
  for (const { severity, code, path, line, column, message, hint } of problems) {
    const place = [file === '-' ? 'stdin' : file, line, column].filter((part) => part !== undefined).join(':');
    const kind = severity === 'error' ? color.red('error') : color.yellow('warning');
    terminal.say(`${place}: ${kind} ${color.bold(code)}: ${plain(message)}`);
    terminal.say(color.dim(`    ${plain(path)}${hint === undefined ? '' : `  ${plain(hint)}`}`));
  }
}
