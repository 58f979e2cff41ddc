import { InvalidArgumentError } from 'commander';
import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { inexactMessage, parseExact, type ExactJson, type InexactNumber } from '../definition/exact-json.js';
import { dictionary, isObject, type JsonObject, type JsonValue } from '../definition/json.js';
import { LONGEST_GRACE_SECS } from '../definition/limits.js';
import { messageOf } from '../definition/text.js';
import { utf8Problem } from '../definition/utf8.js';
import { UsageError } from './errors.js';

/** Gathers a flag that may be given more than once; commander calls it with each value. */
export function collect(value: string, previous: string[] | undefined): string[] {
  return [...(previous ?? []), value];
}

/** A TCP port; 0 is none. */
export function portNumber(text: string): number {
  const port = positiveInteger(text);
  if (port > 65_535) throw new InvalidArgumentError('A port is at most 65535.');
  return port;
}

export function positiveInteger(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 1 on.');
  return Number(text);
}

export function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 0 on.');
  return Number(text);
}

/** How long a worker that is told to end lets its steps finish, in seconds. */
export function graceSecs(text: string): number {
  const secs = wholeNumber(text);
  if (secs > LONGEST_GRACE_SECS) throw new InvalidArgumentError(`It is at most ${LONGEST_GRACE_SECS}, a week.`);
  return secs;
}

/** A time that the server will understand. */
export function timeText(text: string): string {
  if (Number.isNaN(Date.parse(text))) throw new InvalidArgumentError('It must be a time such as 2027-01-31T09:00:00Z.');
  return text;
}

/** `K=V` pairs as a map; the last of a key wins. Throws {@link UsageError}. */
export function assignments(flag: string, texts: readonly string[] = []): { [name: string]: string } {
  const map = dictionary<string>();
  for (const text of texts) {
    const at = text.indexOf('=');
    if (at < 1) throw new UsageError(`${flag} expects NAME=VALUE, not '${text}'`);
    map[text.slice(0, at)] = text.slice(at + 1);
  }
  return map;
}

/** The text of `@file` or `-` (stdin); any other text itself. */
async function readSource(flag: string, source: string): Promise<string> {
  if (source === '-') return decoded(flag, 'what stdin gave', await buffer(process.stdin));
  if (!source.startsWith('@')) return source;
  const bytes = await readFile(source.slice(1)).catch((cause: unknown) => {
    throw new UsageError(`${flag}: the file '${source.slice(1)}' cannot be read: ${messageOf(cause)}`);
  });
  return decoded(flag, `the file '${source.slice(1)}'`, bytes);
}

/** A byte order mark is none of the text. */
function decoded(flag: string, what: string, bytes: Uint8Array): string {
  const problem = utf8Problem(bytes);
  if (problem !== undefined) throw new UsageError(`${flag}: ${what} is not UTF-8 text: ${problem}`, 'Save it as UTF-8.');
  return new TextDecoder().decode(bytes);
}

/** The JSON of a flag's value, given as JSON, `@file` or `-`. Throws {@link UsageError}. */
export async function readJson(flag: string, source: string, example = `${flag} '"yes"'`): Promise<JsonValue> {
  return (await readExact(flag, source, example)).value;
}

/** The same with the numbers that are not kept as they were written, which it warns of on stderr. */
async function readExact(flag: string, source: string, example = `${flag} '"yes"'`): Promise<ExactJson> {
  const text = await readSource(flag, source);
  try {
    const read = parseExact(text);
    for (const number of read.inexact) process.stderr.write(`warning INEXACT_NUMBER  ${flag}: ${inexactMessage(number)}\n`);
    return read;
  } catch (cause) {
    throw new UsageError(
      `${flag} is not JSON: ${messageOf(cause)}`,
      `Give JSON, @file or - for stdin; text needs its quotes, e.g. ${example}.`,
    );
  }
}

/** The run's input, which is an object, as a start takes it. */
export async function readInput(source: string): Promise<{ input: JsonObject; inexact: readonly InexactNumber[] }> {
  const { value, inexact } = await readExact('--input', source);
  if (!isObject(value)) throw new UsageError('--input must be a JSON object');
  return { input: value, inexact: inexact.map((number) => ({ ...number, path: ['input', ...number.path] })) };
}
