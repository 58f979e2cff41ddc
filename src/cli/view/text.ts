import { stripVTControlCharacters } from 'node:util';
import stringWidth from 'string-width';

/** Text of a document or a run on one line, without anything that a terminal would obey. */
export function plain(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/\s+/gu, ' ')
    .replace(/[\p{Cc}\p{Bidi_Control}]/gu, '')
    .trim();
}

/** At most `width` columns of a text without colours; a cut ends in `…`. */
export function fit(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  let cut = '';
  let used = 1;
  for (const character of text) {
    used += stringWidth(character);
    if (used > width) break;
    cut += character;
  }
  return width < 1 ? '' : `${cut}…`;
}

/** The text, padded or cut to exactly `width` columns. */
export function column(text: string, width: number): string {
  const fitted = fit(text, width);
  return fitted + ' '.repeat(Math.max(0, width - stringWidth(fitted)));
}

export function columns(text: string): number {
  return stringWidth(text);
}

/** `0.4s`, `12.0s`, `3m 05s`, `2h 01m`, `4d 03h`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 59.95) return `${seconds.toFixed(1)}s`;
  const whole = Math.round(seconds);
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${two(whole % 60)}s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)}h ${two((whole % 3600) / 60)}m`;
  return `${Math.floor(whole / 86_400)}d ${two((whole % 86_400) / 3600)}h`;
}

/** A time to the second: `2027-01-31 09:00:00Z`. */
export function moment(at: number): string {
  return new Date(at).toISOString().replace('T', ' ').replace(/\.\d+Z$/, 'Z');
}

/** A word that a POSIX shell takes as written. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/u.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
