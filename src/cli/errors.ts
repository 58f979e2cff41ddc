import { codes, type Code } from '../definition/codes.js';
import { DistriError, type Problem } from '../definition/errors.js';
import { messageOf } from '../definition/text.js';

/** What the process tells its caller. */
export const EXIT = { completed: 0, failed: 1, refused: 2, waiting: 3, interrupted: 130, terminated: 143 } as const;

/** The command was not used as it can be. */
export class UsageError extends DistriError {
  constructor(message: string, hint?: string) {
    super('USAGE', message, hint === undefined ? {} : { hint });
  }
}

/** The exit code of an error: its row in the table of codes, 1 for errors that have none. */
export function exitCodeOf(error: unknown): number {
  return error instanceof DistriError ? codes[error.code].exit || EXIT.failed : EXIT.failed;
}

/** An error as `--json` prints it. */
export interface ErrorDocument {
  error: { code: Code; message: string; hint?: string; problems?: Problem[] };
}

export function errorDocument(error: unknown): ErrorDocument {
  if (!(error instanceof DistriError)) {
    return { error: { code: 'INTERNAL', message: messageOf(error) } };
  }
  const problems = problemsOf(error);
  return {
    error: {
      code: error.code,
      message: error.message,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      ...(problems.length === 0 ? {} : { problems }),
    },
  };
}

/** The list of problems that the error carries, if it carries one. */
export function problemsOf(error: unknown): Problem[] {
  return error instanceof Error && 'problems' in error && Array.isArray(error.problems) ? (error.problems as Problem[]) : [];
}
