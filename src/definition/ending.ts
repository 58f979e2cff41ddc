/** How a run ended that did not complete, as far as the error of whoever waited for it tells. */
export interface Ending {
  readonly status: 'failed' | 'canceled';
  /** Our code, when the failure had one. */
  readonly code: string;
  readonly message: string;
}

/** What lies beneath failures that only say what failed. */
export function deepestCause(error: Error): Error {
  return error.cause instanceof Error ? deepestCause(error.cause) : error;
}

/** Reads Temporal's failures by their names: they are made in and outside the sandbox. */
export function endingOf(error: Error): Ending {
  const cause = deepestCause(error);
  switch (cause.name) {
    case 'CancelledFailure':
      return { status: 'canceled', code: 'RUN_CANCELED', message: 'it was canceled' };
    case 'TerminatedFailure':
      return { status: 'failed', code: 'RUN_FAILED', message: 'it was terminated' };
    case 'TimeoutFailure':
      return { status: 'failed', code: 'TIMED_OUT', message: 'it timed out' };
    default: {
      const type = 'type' in cause && typeof cause.type === 'string' && cause.type !== '' ? cause.type : 'RUN_FAILED';
      return { status: 'failed', code: type, message: cause.message };
    }
  }
}
