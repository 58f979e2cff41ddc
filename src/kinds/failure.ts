import type { Code } from '../definition/codes.js';
import type { JsonValue } from '../definition/json.js';

/**
 * How an activity kind fails. Whether another attempt may help is decided here, where the failure is made.
 *
 * - `retryable`: try again while the step's own attempts last (default false).
 * - `retryAfterSecs`: not before that many seconds.
 * - `maxAttempts`: how many attempts the code that failed makes in all, when it and not the step decides; for display.
 * - `status`: of the HTTP answer that failed; rules of a step for retries may name it.
 * - `details`: data for the interpreter, e.g. the `{skill, revision, status}` of a rejected connection.
 */
export class StepFailure extends Error {
  readonly retryable: boolean;
  readonly retryAfterSecs?: number;
  readonly maxAttempts?: number;
  readonly status?: number;
  readonly details?: JsonValue;
  constructor(
    readonly code: Code,
    message: string,
    options: { retryable?: boolean; retryAfterSecs?: number; maxAttempts?: number; status?: number; details?: JsonValue; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'StepFailure';
    this.retryable = options.retryable ?? false;
    if (options.retryAfterSecs !== undefined) this.retryAfterSecs = options.retryAfterSecs;
    if (options.maxAttempts !== undefined) this.maxAttempts = options.maxAttempts;
    if (options.status !== undefined) this.status = options.status;
    if (options.details !== undefined) this.details = options.details;
  }
}
