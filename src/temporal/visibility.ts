import { GRPC, grpcCode } from './errors.js';

/** A text as a literal of a visibility query. */
export function quoted(text: string): string {
  return `'${text.replaceAll(`'`, `''`)}'`;
}

/** Whether the server refused a call because the namespace lacks our search attributes. */
export function lacksAttributes(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const refused = grpcCode(error) === GRPC.INVALID_ARGUMENT && /search ?attribute/i.test(error.message);
  return refused || lacksAttributes(error.cause);
}
