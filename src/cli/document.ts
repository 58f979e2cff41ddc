import { buffer } from 'node:stream/consumers';
import { InvalidDefinitionError, type Problem } from '../definition/errors.js';
import { formatProblem } from '../definition/format-problem.js';
import { decodeDocument, parseWorkflow, readWorkflowFile, type ParseOptions, type ParsedWorkflow } from '../definition/parse.js';
import type { Terminal } from './terminal.js';

type Options = Pick<ParseOptions, 'workflows'>;

/** Reads and checks a document; `-` is stdin. Throws InvalidDefinitionError with every problem. */
export async function readDocument(file: string, options: Options = {}): Promise<ParsedWorkflow> {
  if (file !== '-') return readWorkflowFile(file, options);
  const document = decodeDocument(await buffer(process.stdin), 'stdin');
  return parseWorkflow(document, { ...options, file, format: document.trimStart().startsWith('{') ? 'json' : 'yaml' });
}

/** What checking a file has found. */
export interface Checked {
  valid: boolean;
  problems: Problem[];
}

/** As {@link readDocument}, but an invalid document is an answer and no error. */
export async function checkDocument(file: string, options: Options = {}): Promise<Checked> {
  try {
    return { valid: true, problems: (await readDocument(file, options)).problems };
  } catch (error) {
    if (error instanceof InvalidDefinitionError) return { valid: false, problems: error.problems };
    throw error;
  }
}

/** A line for each problem on stderr, beginning with `file:line:column`. */
export function sayProblems(terminal: Terminal, file: string, problems: readonly Problem[]): void {
  for (const problem of problems) {
    const paint = problem.severity === 'error' ? terminal.color.red : terminal.color.yellow;
    const line = formatProblem(problem, file === '-' ? 'stdin' : file);
    terminal.say(line.replace(`${problem.severity} ${problem.code}`, paint));
  }
}
