import type { JsonValue } from '../definition/json.js';
import { wellFormed } from '../definition/text.js';
import type { Connection } from './connection.js';

/** Shorter secrets are not masked: they would hide ordinary text. */
const MIN_CHARS = 8;
const MASK = '***';
/** Headers that say how to answer, not who asks. */
const PLAIN_HEADER = /^(accept(-.*)?|content-type|user-agent|.*-version)$/i;

/**
 * The texts that must not be repeated: secrets and header values of connections (of `Bearer x`, x as well) in each
 * form that they commonly take. Longest first.
 */
export function secretsOf(connections: readonly Connection[]): string[] {
  const texts = connections.flatMap(({ secrets, headers }) => [
    ...Object.values(secrets),
    ...Object.entries(headers)
      .filter(([name]) => !PLAIN_HEADER.test(name))
      .flatMap(([, value]) => [value, ...credentialsIn(value)]),
  ]);
  const forms = texts.filter((text) => text.trim().length >= MIN_CHARS).flatMap(formsOf);
  return [...new Set(forms)].sort((a, b) => b.length - a.length);
}

/** The text with each secret replaced by `***`, and how many replacements that were. */
export function maskText(text: string, secrets: readonly string[]): { text: string; count: number } {
  const spans = spansOf(text, secrets);
  let masked = '';
  let end = 0;
  for (const span of spans) {
    masked += text.slice(end, span.start) + MASK;
    end = span.end;
  }
  return { text: masked + text.slice(end), count: spans.length };
}

/** The value with each secret in its strings and keys replaced by `***`. A value without any comes back as it is. */
export function maskValue(value: JsonValue, secrets: readonly string[]): { value: JsonValue; count: number } {
  if (secrets.length === 0) return { value, count: 0 };
  const json = JSON.stringify(value);
  const present = secrets.filter((secret) => json.includes(escaped(secret)));
  if (present.length === 0) return { value, count: 0 };
  let count = 0;
  const mask = (text: string): string => {
    const masked = maskText(text, present);
    count += masked.count;
    return masked.text;
  };
  const walk = (part: JsonValue): JsonValue => {
    if (typeof part === 'string') return mask(part);
    if (Array.isArray(part)) return part.map(walk);
    if (part === null || typeof part !== 'object') return part;
    const entries = new Map<string, JsonValue>();
    for (const [key, item] of Object.entries(part)) entries.set(unusedKey(mask(key), entries), walk(item));
    return Object.fromEntries(entries);
  };
  return { value: walk(value), count };
}

/** Two keys that become equal by masking both stay. */
function unusedKey(key: string, taken: ReadonlyMap<string, JsonValue>): string {
  let unused = key;
  for (let number = 2; taken.has(unused); number++) unused = `${key} (${number})`;
  return unused;
}

/** What follows the scheme of an Authorization header; of `Basic`, the password as well. */
function credentialsIn(header: string): string[] {
  const [, scheme, rest] = /^(\S+)\s+(\S.*)$/s.exec(header) ?? [];
  if (scheme === undefined || rest === undefined) return [];
  if (scheme.toLowerCase() !== 'basic') return [rest];
  const pair = Buffer.from(rest, 'base64').toString('utf8');
  return [rest, pair, pair.slice(pair.indexOf(':') + 1)];
}

function formsOf(secret: string): string[] {
  const trimmed = secret.trim();
  const base64 = Buffer.from(secret).toString('base64');
  const encoded = [base64, base64.replace(/=+$/, ''), ...[0, 1, 2].map((before) => base64Within(trimmed, before))];
  const url = encodeURIComponent(wellFormed(trimmed));
  const hex = Buffer.from(secret).toString('hex');
  return [
    trimmed,
    escaped(trimmed),
    escaped(escaped(trimmed)),
    ...encoded,
    ...encoded.map((form) => form.replaceAll('+', '-').replaceAll('/', '_')),
    hex,
    hex.toUpperCase(),
    url,
    url.replaceAll('%20', '+'),
  ].filter((form) => form.length >= MIN_CHARS);
}

/**
 * What a secret looks like in the base64 of a longer text, such as `user:secret`, when it stands there `before` bytes, or
 * three times as many and so on, behind the start: without the characters that hold bits of its neighbours.
 */
function base64Within(secret: string, before: number): string {
  const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(secret)]);
  return bytes.toString('base64').slice(before === 0 ? 0 : before + 1, Math.floor((bytes.length * 8) / 6));
}

/** As it stands in JSON, without the quotes. */
function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

interface Span {
  start: number;
  end: number;
}

/** Where secrets stand in a text; overlapping ones are one span, so that no rest of one is left. */
function spansOf(text: string, secrets: readonly string[]): Span[] {
  const found: Span[] = [];
  for (const secret of secrets) {
    for (let at = text.indexOf(secret); at !== -1; at = text.indexOf(secret, at + secret.length)) {
      found.push({ start: at, end: at + secret.length });
    }
  }
  const merged: Span[] = [];
  for (const span of found.sort((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last !== undefined && span.start < last.end) last.end = Math.max(last.end, span.end);
    else merged.push(span);
  }
  return merged;
}
