import type { JsonObject, JsonValue } from './json.js';

const isArray = Array.isArray;
const stringify = JSON.stringify;
const keysOf = Object.keys;

/** The text with each lone surrogate replaced by U+FFFD, so that it can be written as UTF-8. */
export function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\uFFFD');
}

/** Whether the text has no lone surrogate. */
export function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}

const LONGEST_FAILURE_TYPE = 200;

/** A code as the type of a failure, whatever was thrown as one. */
export function failureType(code: unknown): string {
  return cut(wellFormed(typeof code === 'string' ? code : 'INTERNAL'), LONGEST_FAILURE_TYPE);
}

/** What an error says; of what was thrown besides errors, its text. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The beginning of the text: at most `maxChars` UTF-16 units, never half of a surrogate pair. */
export function cut(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  if (maxChars <= 0) return '';
  const splitsPair = isHighSurrogate(text.charCodeAt(maxChars - 1)) && isLowSurrogate(text.charCodeAt(maxChars));
  return text.slice(0, splitsPair ? maxChars - 1 : maxChars);
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}

/** A value inside a longer text: a string as it is, anything else as compact JSON, however deep it is nested. */
export function textOf(value: JsonValue): string {
  if (typeof value === 'string') return value;
  try {
    return stringify(value);
  } catch {
    // JSON.stringify is recursive and overflows the stack at some thousand levels.
    return stringifyDeep(value);
  }
}

function stringifyDeep(root: JsonValue): string {
  let json = '';
  const pending: ({ text: string } | { value: JsonValue })[] = [{ value: root }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if ('text' in next) json += next.text;
    else if (typeof next.value !== 'object' || next.value === null) json += stringify(next.value);
    else pushParts(pending, next.value);
  }
  return json;
}

function pushParts(pending: ({ text: string } | { value: JsonValue })[], container: JsonValue[] | JsonObject): void {
  if (isArray(container)) {
    pending.push({ text: ']' });
    for (let i = container.length - 1; i >= 0; i--) {
      pending.push({ value: container[i] ?? null });
      if (i > 0) pending.push({ text: ',' });
    }
    pending.push({ text: '[' });
    return;
  }
  pending.push({ text: '}' });
  const keys = keysOf(container);
  for (let i = keys.length - 1; i >= 0; i--) {
    const key = keys[i] ?? '';
    pending.push({ value: container[key] ?? null });
    pending.push({ text: `${i > 0 ? ',' : ''}${stringify(key)}:` });
  }
  pending.push({ text: '{' });
}

/** The most characters that a visibility store on Postgres takes. */
const LONGEST_KEYWORD = 255;

/**
 * A value as it is stored in, and searched by, a Keyword search attribute. The server cannot find values with quotation
 * marks, backslashes or control characters, nor with an apostrophe at an end, however they are escaped.
 */
export function keyword(value: string): string {
  return cut(wellFormed(value).replace(/["\\\p{Cc}]/gu, '_'), LONGEST_KEYWORD).replace(/^'|'$/g, '_');
}

const LONGEST_SUMMARY = 200;

/** A text as the Temporal Web UI shows it beside a run, an activity or a child. */
export function summaryOf(text: string): string {
  return cut(wellFormed(text), LONGEST_SUMMARY);
}
