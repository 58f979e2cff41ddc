import { setTimeout as sleep } from 'node:timers/promises';

/** What was waited for did not come in time. */
export class TooLateError extends Error {}

/**
 * The promise's value, if it comes in time. Calls on a worker's connection know deadlines for one try only, and while
 * the server is away they are tried again for ten seconds.
 * @throws TooLateError when the time is over; what the promise comes to is then ignored.
 */
export async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  const done = new AbortController();
  const late = sleep(ms, undefined, { signal: done.signal }).then(() => {
    throw new TooLateError(`no answer within ${ms / 1000} s`);
  });
  late.catch(() => undefined);
  try {
    return await Promise.race([promise, late]);
  } finally {
    done.abort();
    promise.catch(() => undefined);
  }
}
