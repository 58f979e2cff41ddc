import { isObject, type JsonValue } from '../../definition/json.js';
import { wellFormed } from '../../definition/text.js';
import type { Connection } from '../connection.js';

/** Shorter secrets are not masked: they would hide ordinary text. */
export const MIN_CHARS = 8;
/** Headers that say how to answer, not who asks. */
const PLAIN_HEADER = /^(accept(-.*)?|content-type|user-agent|.*-version)$/i;
const SECRET_KEY = /key|secret|token|passw|credential/i;

/** The texts that must not be repeated: secrets, and header values (of `Bearer x`, x as well); of several lines, each long one too. */
export function secretTexts(connections: readonly Connection[]): string[] {
  const texts = connections.flatMap(({ secrets, headers }) => [
    ...Object.values(secrets).flatMap((secret) => [secret, ...secretsInJson(secret)]),
    ...Object.entries(headers)
      .filter(([name]) => !PLAIN_HEADER.test(name))
      .flatMap(([, value]) => [value, ...credentialsIn(value)]),
  ]);
  const trimmed = texts.flatMap((text) => [text.trim(), ...linesOf(text)]).filter((text) => text.length >= MIN_CHARS);
  return [...new Set(trimmed)];
}

/** Also of a text in which line breaks are written as `\n`, as keys in environment variables often are. */
function linesOf(text: string): string[] {
  const lines = text.split(/\r?\n|\\r\\n|\\n/);
  return lines.length > 1 ? lines.map((line) => line.trim()) : [];
}

/** What of a secret that is JSON, such as the key file of a service account, is secret by itself. */
function secretsInJson(secret: string): string[] {
  if (!secret.trimStart().startsWith('{')) return [];
  try {
    const value = JSON.parse(secret) as JsonValue;
    if (!isObject(value)) return [];
    return Object.entries(value).flatMap(([key, item]) => (typeof item === 'string' && SECRET_KEY.test(key) ? [item] : []));
  } catch {
    return [];
  }
}

/** What follows the scheme of an Authorization header; of `Basic`, the password as well. */
function credentialsIn(header: string): string[] {
  const [, scheme, rest] = /^(\S+)\s+(\S.*)$/s.exec(header) ?? [];
  if (scheme === undefined || rest === undefined) return [];
  if (scheme.toLowerCase() !== 'basic') return [rest];
  const pair = Buffer.from(rest, 'base64').toString('utf8');
  return [rest, pair, pair.slice(pair.indexOf(':') + 1)];
}

/** A text as it stands in JSON, in JSON within JSON, in a URL and in a form. */
export function writtenForms(text: string): string[] {
  const json = JSON.stringify(text).slice(1, -1);
  const url = encodeURIComponent(wellFormed(text));
  return [text, json, JSON.stringify(json).slice(1, -1), url, url.replaceAll('%20', '+')];
}

/**
 * The text itself and its base64 and hexadecimal forms, also of it when it was escaped or encoded before. Escapes need no
 * form here: they are decoded where the text is read.
 */
export function formsOf(text: string): string[] {
  const base64 = Buffer.from(text).toString('base64');
  const hex = Buffer.from(text).toString('hex');
  const json = JSON.stringify(text).slice(1, -1);
  const url = encodeURIComponent(wellFormed(text));
  const before = new Set([text, json, url, base64, base64.replace(/=+$/, ''), Buffer.from(text).toString('base64url'), hex]);
  return [text, url, ...[...before].flatMap(encodedForms)].filter((form) => form.length >= MIN_CHARS);
}

function encodedForms(text: string): string[] {
  const base64 = [0, 1, 2].map((before) => base64Within(text, before));
  const hex = Buffer.from(text).toString('hex');
  return [...base64, ...base64.map((form) => form.replaceAll('+', '-').replaceAll('/', '_')), hex, hex.toUpperCase()];
}

/**
 * What a secret looks like in the base64 of a longer text, such as `user:secret`, when it stands there `before` bytes, or
 * three times as many and so on, behind the start: without the characters that hold bits of its neighbours.
 */
function base64Within(secret: string, before: number): string {
  const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(secret)]);
  return bytes.toString('base64').slice(before === 0 ? 0 : before + 1, Math.floor((bytes.length * 8) / 6));
}
