import { isWellFormed } from '../definition/text.js';

/** Whether Postgres takes a text: it has no half of a surrogate pair and no U+0000. */
export function isStorable(text: string): boolean {
  return isWellFormed(text) && !text.includes('\0');
}
