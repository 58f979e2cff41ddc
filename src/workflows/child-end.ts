import { ActivityFailure, ApplicationFailure, CancelledFailure, TerminatedFailure, TimeoutFailure } from '@temporalio/common';
import { codes, type Code } from '../definition/codes.js';
import type { ChildResult } from '../definition/messages.js';
import type { ChildEnd } from './child.js';

/** How a child is said to have ended that left this result. */
export function outputOf(runId: string, { output, output_bytes }: ChildResult): ChildEnd {
  if (output_bytes === undefined) return { status: 'completed', output };
  const message = `The output of run '${runId}' is ${output_bytes} bytes, too large to be the result of a step. Let its 'output' say less.`;
  return { status: 'failed', failure: { code: 'RESULT_TOO_LARGE', message } };
}

/** How a child is said to have ended that failed, was canceled, or was ended from outside. */
export function failedChild(
  runId: string,
  error: unknown,
  known: 'failed' | 'canceled' = deepest(error) instanceof CancelledFailure ? 'canceled' : 'failed',
): ChildEnd {
  if (known === 'canceled') return { status: 'canceled', failure: { code: 'RUN_CANCELED', message: `Run '${runId}' was canceled` } };
  const cause = deepest(error);
  const { code, message } = reasonOf(cause);
  return { status: 'failed', failure: { code, message: `Run '${runId}' failed: ${message}` } };
}

function reasonOf(cause: unknown): { code: Code; message: string } {
  if (cause instanceof TerminatedFailure) return { code: 'RUN_FAILED', message: 'it was terminated' };
  if (cause instanceof TimeoutFailure) return { code: 'TIMED_OUT', message: 'it timed out' };
  const { message } = cause as Error;
  const type = cause instanceof ApplicationFailure ? cause.type : (cause as { code?: unknown }).code;
  return { code: typeof type === 'string' && Object.hasOwn(codes, type) ? (type as Code) : 'RUN_FAILED', message };
}

/** What lies beneath failures that only say what failed. */
function deepest(error: unknown): unknown {
  if (error instanceof ActivityFailure || (error instanceof Error && error.name === 'ChildWorkflowFailure')) return deepest(error.cause ?? error.message);
  return error;
}
