import type { JsonValue } from './json.js';
import { formatPath, type Path } from './problems/path.js';

/** A number whose digits a number of JavaScript does not keep. `kept`: its digits as text, or the nearest number. */
export interface InexactNumber {
  readonly path: Path;
  /** As it was written. */
  readonly literal: string;
  readonly kept: 'text' | 'nearest';
}

export interface ExactJson {
  readonly value: JsonValue;
  /** The first hundred. */
  readonly inexact: readonly InexactNumber[];
}

const MOST_TOLD = 100;
/** Up to 15 digits are always kept, and so are exponents of up to two; whatever has more is looked at. */
const SUSPICIOUS = /\d[\d.]{15}|[eE][+-]?\d{3}/;

/**
 * Parses JSON as `JSON.parse` does, but changes no number without a word: an integer that a double does not keep, and what
 * is too large or too small for one, becomes the text of its digits; a fraction the nearest double. Both are told. Takes hardly
 * longer than `JSON.parse` unless there are long numbers.
 *
 * @throws SyntaxError, which does not repeat the text: it may hold secrets.
 */
export function parseExact(text: string): ExactJson {
  if (!SUSPICIOUS.test(text)) return { value: parse(text), inexact: [] };
  // Whatever is replaced below stands in valid JSON.
  const value = parse(text);
  const { json, inexact } = withTexts(text);
  return { value: json === undefined ? value : parse(json), inexact };
}

/** What becomes of a number as it is written, in JSON or a like notation; undefined when a double keeps it. */
export function inexactness(literal: string): InexactNumber['kept'] | undefined {
  if (/^[-+]?\d{1,15}$/.test(literal)) return undefined;
  const written = decimal(literal);
  if (written === undefined) return undefined;
  const number = Number(literal);
  if (!Number.isFinite(number)) return 'text';
  const kept = decimal(String(number));
  if (kept?.digits === written.digits && kept.exponent === written.exponent) return undefined;
  if (number === 0) return 'text';
  return written.exponent >= 0 ? 'text' : 'nearest';
}

/** The warning about such a number. */
export function inexactMessage({ path, literal, kept }: InexactNumber): string {
  const shown = literal.length > 40 ? `${literal.slice(0, 40)}…` : literal;
  return kept === 'text'
    ? `The number ${shown} at ${formatPath(path)} is kept as the text of its digits: a number would be another one`
    : `The number ${shown} at ${formatPath(path)} has more digits than are kept: it becomes ${Number(literal)}; write it as text to keep them`;
}

/** Whether a text is what becomes of a number that is not kept. */
export function isKeptAsText(text: string): boolean {
  return /^-?\d+(\.\d+)?([eE][-+]?\d+)?$/.test(text) && inexactness(text) === 'text';
}

/** Added to the refusal of such a text where a number is wanted; empty for any other value. */
export function keptAsTextHint(value: unknown): string {
  if (typeof value !== 'string' || !isKeptAsText(value)) return '';
  return ': its digits are kept as text, since a number would be another one; let the schema allow text as well, or send fewer digits';
}

/** Integers of a value of JavaScript that may have been rounded before it came here, by path; the first hundred. */
export function roundedIn(root: unknown, at: Path = []): Path[] {
  const found: Path[] = [];
  const seen = new Set<unknown>();
  const pending: { value: unknown; path: Path }[] = [{ value: root, path: at }];
  for (let next = pending.pop(); next !== undefined && found.length < MOST_TOLD; next = pending.pop()) {
    const { value, path } = next;
    if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) found.push(path);
    if (typeof value !== 'object' || value === null || seen.has(value)) continue;
    seen.add(value);
    const entries: [string | number, unknown][] = Array.isArray(value) ? [...(value as unknown[]).entries()] : Object.entries(value);
    for (const [key, item] of entries.reverse()) if (typeof item === 'object' || typeof item === 'number') pending.push({ value: item, path: [...path, key] });
  }
  return found;
}

export function roundedMessage(path: Path): string {
  return `The number at ${formatPath(path)} is beyond 2^53 and may have been rounded before it came here: give such numbers as text`;
}

function parse(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch (error) {
    throw new SyntaxError(reasonOf(text, error));
  }
}

/** The place of the error without the text around it, which V8 repeats. */
function reasonOf(text: string, error: unknown): string {
  const message = error instanceof Error ? error.message : '';
  const [, position] = /at position (\d+)/.exec(message) ?? [];
  if (text.trim() === '') return 'it is empty';
  if (position === undefined) return /end of JSON input|Unterminated/.test(message) ? 'it ends too early' : 'it does not begin as JSON does';
  const before = text.slice(0, Number(position)).split('\n');
  return `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1} is not what JSON has there`;
}

/** The digits without zeros around them, and the power of ten of the last one. */
function decimal(literal: string): { digits: string; exponent: number } | undefined {
  const [, whole, fraction = '', exponent = '0'] = /^[-+]?(\d*)(?:\.(\d*))?(?:[eE]([-+]?\d+))?$/.exec(literal) ?? [];
  if (whole === undefined) return undefined;
  const all = whole + fraction;
  let end = all.length;
  while (end > 0 && all[end - 1] === '0') end--;
  const digits = all.slice(0, end).replace(/^0+/, '');
  return digits === '' ? { digits, exponent: 0 } : { digits, exponent: Number(exponent) - fraction.length + all.length - end };
}

interface Level {
  /** The next position of a list; undefined in an object. */
  index: number | undefined;
  key: string;
  isKey: boolean;
}

const TOKEN = /["{}[\],:]|-?\d[\d.eE+-]*/g;

/** The JSON with texts in place of the numbers that are not kept; undefined when there are none. One pass, whatever the depth. */
function withTexts(text: string): { json: string | undefined; inexact: InexactNumber[] } {
  const inexact: InexactNumber[] = [];
  const levels: Level[] = [];
  let json = '';
  let done = 0;
  TOKEN.lastIndex = 0;
  for (let token = TOKEN.exec(text); token !== null; token = TOKEN.exec(text)) {
    const [found] = token;
    const level = levels.at(-1);
    switch (found) {
      case '"': {
        const end = endOfString(text, token.index);
        if (level?.isKey === true) level.key = text.slice(token.index, end);
        TOKEN.lastIndex = end;
        break;
      }
      case '{':
      case '[':
        levels.push({ index: found === '[' ? 0 : undefined, key: '', isKey: found === '{' });
        break;
      case '}':
      case ']':
        levels.pop();
        break;
      case ':':
        if (level) level.isKey = false;
        break;
      case ',':
        if (level?.index !== undefined) level.index += 1;
        else if (level) level.isKey = true;
        break;
      default: {
        const kept = inexactness(found);
        if (kept === undefined) break;
        if (inexact.length < MOST_TOLD) inexact.push({ path: pathOf(levels), literal: found, kept });
        if (kept === 'nearest') break;
        json += `${text.slice(done, token.index)}"${found}"`;
        done = token.index + found.length;
      }
    }
  }
  return { json: done === 0 ? undefined : json + text.slice(done), inexact };
}

function pathOf(levels: readonly Level[]): Path {
  return levels.map(({ index, key }) => index ?? (JSON.parse(key) as string));
}

/** Just behind the closing quote. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let before = end - 1;
    while (text[before] === '\\') before--;
    if ((end - before) % 2 === 1) return end + 1;
  }
  return text.length;
}
