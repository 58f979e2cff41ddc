import { inspect } from 'node:util';
import { codes } from '../../definition/codes.js';
import { wellFormed } from '../../definition/text.js';
import type { Tool } from '../../worker/tool.js';
import { StepFailure } from '../failure.js';
import { jsonPath } from '../json-path.js';
import type { NotJsonError } from './to-json.js';

const HAND_BACKS = 30;

/** The worker lacks the tool: the task goes back to the queue each second, where a worker that has it may take it. */
export function notHere(name: string, attempt: number): StepFailure {
  const text = `No worker that took the step has the tool '${name}': start one with it (--tools FILE or --mcp), or correct tool_name`;
  const handBack = attempt <= HAND_BACKS;
  return new StepFailure('TOOL_NOT_FOUND', text, {
    retryable: handBack,
    ...(handBack && { retryAfterSecs: 1 }),
    maxAttempts: HAND_BACKS + 1,
  });
}

/** The input or output does not fit the tool's zod schema. */
export function misfit(
  code: 'TOOL_INPUT' | 'TOOL_OUTPUT',
  tool: Tool,
  issues: readonly { path: readonly PropertyKey[]; message: string }[],
): StepFailure {
  const what = code === 'TOOL_INPUT' ? `The input of tool '${tool.name}'` : `What tool '${tool.name}' returned`;
  const list = issues.map((issue) => `${jsonPath(issue.path)}: ${issue.message}`).join('; ');
  return new StepFailure(code, wellFormed(`${what} does not fit its schema: ${list}`));
}

export function notJson(tool: Tool, error: NotJsonError): StepFailure {
  return new StepFailure('TOOL_OUTPUT', wellFormed(`What tool '${tool.name}' returned is not JSON: ${error.message}`));
}

export function timedOut(tool: Tool, attempt: number): StepFailure {
  return new StepFailure('TIMED_OUT', `Tool '${tool.name}' took longer than its ${tool.timeoutSecs} s`, {
    retryable: attempt < tool.maxAttempts,
    maxAttempts: tool.maxAttempts,
  });
}

/** What the tool threw. A `StepFailure` says itself what it is and whether to try again. */
export function failed(tool: Tool, error: unknown, attempt: number): StepFailure {
  if (error instanceof StepFailure) return error;
  if (isForeignFailure(error)) {
    const { code, retryable, retryAfterSecs, maxAttempts, details } = error;
    return new StepFailure(code, error.message, {
      retryable: retryable === true,
      ...(retryAfterSecs !== undefined && { retryAfterSecs }),
      ...(maxAttempts !== undefined && { maxAttempts }),
      ...(details !== undefined && { details }),
      cause: error,
    });
  }
  return new StepFailure('TOOL_FAILED', wellFormed(`Tool '${tool.name}' failed: ${textOf(error)}`), {
    retryable: attempt < tool.maxAttempts,
    maxAttempts: tool.maxAttempts,
    cause: error,
  });
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error === 'string' ? error : inspect(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}

/** A tools file may load its own copy of this package, whose StepFailure is another class. */
function isForeignFailure(error: unknown): error is StepFailure {
  if (!(error instanceof Error) || error.name !== 'StepFailure' || !('code' in error)) return false;
  return typeof error.code === 'string' && Object.hasOwn(codes, error.code);
}
