import { DistriError } from '../definition/errors.js';
import { messageOf } from '../definition/text.js';

/**
 * Error codes of Node and of Postgres that say: not now. Of Postgres classes 08, 53 and 57, a login or a database that is refused
 * (28, 3D000), a statement that took too long or was canceled (57014), a deadlock (40P01), and a server that only reads, as after a
 * failover (25006).
 */
const UNAVAILABLE = /^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EHOSTUNREACH|EAI_AGAIN|08...|28...|3D000|53...|57P0.|57014|40P01|25006)$/;
/** What `pg` says in plain words when a connection breaks or cannot be had. */
const BROKEN = /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|not queryable|Cannot use a pool after/i;
const UNIQUE_VIOLATION = '23505';
const DATA_EXCEPTION = /^22...$/;

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

/** Whether Postgres refused a value, such as a number or a time that its type does not hold. */
export function isDataException(error: unknown): boolean {
  return DATA_EXCEPTION.test(codeOf(causeOf(error)) ?? '');
}
