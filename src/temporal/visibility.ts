import { cut, wellFormed } from '../definition/text.js';
import { GRPC, grpcCode } from './errors.js';

/** Longer texts are searched by their beginning: a query stays short whatever is asked. */
const LONGEST_LITERAL = 255;
/** From the first of these on, the server compares another text than the one that was asked for, however it is escaped. */
const GARBLED = /["\\\p{Cc}\p{Cs}]/u;

/**
 * A text as a literal of a visibility query, which it cannot leave: the server takes a backslash as an escape. All that goes
 * into a query passes here.
 */
export function quoted(text: string): string {
  const safe = wellFormed(text).replace(/\p{Cc}/gu, '\uFFFD');
  return `'${safe.replace(/[\\']/g, '\\$&')}'`;
}

/**
 * The condition that an attribute has this text, or begins as it does where the server could not find the whole text. It
 * finds all runs that have it and may find others: the caller compares what was found.
 */
export function hasText(attribute: string, text: string): string {
  const findable = cut(text.slice(0, GARBLED.exec(text)?.index), LONGEST_LITERAL).replace(/^'.*/s, '').replace(/'+$/, '');
  if (findable === text) return `${attribute} = ${quoted(text)}`;
  return findable === '' ? `${attribute} IS NOT NULL` : `${attribute} STARTS_WITH ${quoted(findable)}`;
}

/** Whether the server refused a call because the namespace lacks our search attributes. */
export function lacksAttributes(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const refused = grpcCode(error) === GRPC.INVALID_ARGUMENT && /search ?attribute/i.test(error.message);
  return refused || lacksAttributes(error.cause);
}
