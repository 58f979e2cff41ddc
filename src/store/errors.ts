import { DistriError } from '../definition/errors.js';
import { messageOf } from '../definition/text.js';

/** Error codes of Node and of Postgres (classes 08, 53, 57) that say: not now. */
const UNAVAILABLE = /^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EHOSTUNREACH|EAI_AGAIN|08...|53...|57P0.)$/;
/** What `pg` says in plain words when a connection breaks or cannot be had. */
const BROKEN = /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|not queryable|Cannot use a pool after/i;
const UNIQUE_VIOLATION = '23505';

/** The error of the driver within what drizzle wraps around it. */
function causeOf(error: unknown): unknown {
  let inner = error;
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  return inner;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** An outage as DistriError `STORE_UNAVAILABLE`; any other error as it is. */
export function storeError(error: unknown): unknown {
  const cause = causeOf(error);
  const out = UNAVAILABLE.test(codeOf(cause) ?? '') || (cause instanceof Error && BROKEN.test(cause.message));
  if (!out) return error;
  return new DistriError('STORE_UNAVAILABLE', `The database does not answer: ${messageOf(cause)}`, {
    cause: error,
    hint: 'Runs go on without it. Check that Postgres runs and that DATABASE_URL is right.',
  });
}

/** For `catch`: throws the error as `storeError` has it. */
export function throwStoreError(error: unknown): never {
  throw storeError(error);
}

/** Whether a row with the same key is there already. */
export function isUniqueViolation(error: unknown): boolean {
  return codeOf(causeOf(error)) === UNIQUE_VIOLATION;
}
