import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { CompleteAsyncError } from '@temporalio/activity';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { cut, failureType, isWellFormed, messageOf, wellFormed } from '../definition/text.js';

const LONGEST_MESSAGE = 10_000;
const MOST_CAUSES = 20;

/**
 * A failure with half of a surrogate pair anywhere in its texts ends the whole worker, and with it the next one that takes the
 * task. What our own code throws is well-formed already; this is the last door for everything else.
 */
export const wellFormedFailures: ActivityInterceptorsFactory = () => ({
  inbound: {
    execute: (input, next) =>
      next(input).catch((error: unknown) => {
        throw error instanceof CancelledFailure || error instanceof CompleteAsyncError || isTellable(error) ? error : told(error);
      }),
  },
});

function isTellable(error: unknown): boolean {
  let next = error;
  for (let depth = 0; next !== undefined && next !== null; depth += 1) {
    if (!(next instanceof Error) || depth > MOST_CAUSES) return false;
    const { name, message, stack = '', cause } = next;
    const type = next instanceof ApplicationFailure ? (next.type ?? '') : '';
    if (![name, message, stack, type].every((text) => typeof text === 'string' && isWellFormed(text))) return false;
    next = cause;
  }
  return true;
}

function told(error: unknown): ApplicationFailure {
  const isOwn = error instanceof ApplicationFailure;
  return ApplicationFailure.create({
    type: failureType(isOwn ? error.type : error instanceof Error ? error.name : undefined),
    message: cut(wellFormed(String(messageOf(error))), LONGEST_MESSAGE),
    nonRetryable: isOwn && error.nonRetryable === true,
    ...(isOwn && error.details ? { details: error.details } : {}),
  });
}
