import type { StepFailure } from './failure.js';

/** The longest delay that a Node timer can hold; a longer one would fire at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Runs `work` with a signal that also aborts after `secs`, and stops waiting for it then even if it does not listen.
 * Rejects with the signal's reason when the caller aborts, with `onTimeout()` when the time is over.
 */
export async function withDeadline<T>(
  signal: AbortSignal,
  secs: number | undefined,
  work: (signal: AbortSignal) => Promise<T>,
  onTimeout: () => StepFailure,
): Promise<T> {
  signal.throwIfAborted();
  // Most steps have no deadline, and a signal made of others is dear for a step that takes a millisecond.
  const deadline = secs === undefined ? undefined : new AbortController();
  const either = deadline === undefined ? signal : AbortSignal.any([signal, deadline.signal]);
  const { promise: aborted, reject } = rejection();
  const onAbort = () => reject(either.reason);
  either.addEventListener('abort', onAbort, { once: true });
  const timer =
    secs === undefined ? undefined : setTimeout(() => deadline?.abort(onTimeout()), Math.min(secs * 1000, LONGEST_TIMER_MS));
  try {
    return await Promise.race([work(either), aborted]);
  } finally {
    clearTimeout(timer);
    either.removeEventListener('abort', onAbort);
  }
}

function rejection(): { promise: Promise<never>; reject: (reason: unknown) => void } {
  let reject!: (reason: unknown) => void;
  const promise = new Promise<never>((_resolve, fail) => {
    reject = fail;
  });
  return { promise, reject };
}
