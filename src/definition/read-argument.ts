import { DEEPEST_VALUE, nestsWithin } from './depth.js';
import { isObject, own, type JsonValue } from './json.js';
import type { FieldType, MessageField, MessageRow } from './message-table.js';
import { cut } from './text.js';

/** What stands in the place of an argument that the payload converter could not read. */
export const UNREADABLE = 'distri_unreadable_payload';

const LONGEST_SHOWN = 60;

/** A message whose argument does not fit its row. The text says what is wrong and what was expected. */
export class BadArgument extends Error {}

/**
 * The argument of a message that may come from anybody: with the fields of its row, each of its type, and without those
 * that are null for nothing. An internal message may have further fields, which a newer version sends.
 *
 * @throws BadArgument
 */
export function readArgument<A>(row: MessageRow, args: readonly unknown[]): A {
  for (const arg of args) {
    const why = isObject(arg) ? own(arg, UNREADABLE) : undefined;
    if (typeof why === 'string') throw new BadArgument(`its argument cannot be read: ${why}`);
  }
  const given = args.filter((arg, index) => index === 0 || arg !== undefined);
  if (given.length > 1) throw new BadArgument(`it takes ${row.argument === undefined ? 'no' : 'one'} argument, not ${given.length}${expected(row)}`);
  const [argument] = given;
  if (!nestsWithin((argument ?? null) as JsonValue, DEEPEST_VALUE)) throw new BadArgument(`its argument is nested more than ${DEEPEST_VALUE} levels deep`);
  if (row.argument === undefined) {
    if (argument == null || (isObject(argument) && Object.keys(argument).length === 0)) return undefined as A;
    throw new BadArgument(`it takes no argument, not ${shown(argument)}`);
  }
  if (argument == null) {
    if (row.bare) return (row.argument === 'number' ? 0 : {}) as A;
    throw new BadArgument(`it has no argument${expected(row)}`);
  }
  if (row.argument === 'number') {
    if (typeof argument === 'number' && Number.isFinite(argument)) return argument as A;
    throw new BadArgument(`its argument must be a number, not ${shown(argument)}`);
  }
  if (!isObject(argument)) throw new BadArgument(`its argument must be an object, not ${shown(argument)}${expected(row)}`);
  return readFields(row, row.argument, argument) as A;
}

function readFields(row: MessageRow, fields: { readonly [field: string]: MessageField }, argument: { readonly [field: string]: unknown }): { [field: string]: unknown } {
  const read: { [field: string]: unknown } = {};
  for (const [name, { type, optional }] of Object.entries(fields)) {
    const value = own(argument, name);
    if (value === undefined || (value === null && type !== 'value')) {
      if (optional) continue;
      throw new BadArgument(`'${name}' is missing${expected(row)}`);
    }
    if (!fits(value, type)) throw new BadArgument(`'${name}' must be ${say(type)}, not ${shown(value)}${expected(row)}`);
    read[name] = value;
  }
  const unknown = row.internal ? undefined : Object.keys(argument).find((name) => own(fields, name) === undefined);
  if (unknown !== undefined) throw new BadArgument(`it has no field ${shown(unknown)}${expected(row)}`);
  return read;
}

function fits(value: unknown, type: FieldType): boolean {
  switch (type) {
    case 'text':
      return typeof value === 'string';
    case 'texts':
      return Array.isArray(value) && value.every((one) => typeof one === 'string');
    case 'position':
      return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
    case 'value':
      return true;
    case 'object':
      return isObject(value);
    case 'objects':
      return Array.isArray(value) && value.every(isObject);
    default:
      return typeof value === 'string' && type.includes(value);
  }
}

function say(type: FieldType): string {
  switch (type) {
    case 'text':
      return 'text';
    case 'texts':
      return 'a list of texts';
    case 'position':
      return 'a whole number from 0';
    case 'value':
      return 'any JSON';
    case 'object':
      return 'an object';
    case 'objects':
      return 'a list of objects';
    default:
      return type.map((one) => `'${one}'`).join(' or ');
  }
}

/** The shape of the argument, as a message says it: `{"step_id": text, "index"?: a whole number from 0}`. */
export function shapeOf({ argument }: MessageRow): string {
  if (argument === undefined) return 'none';
  if (argument === 'number') return 'a number';
  const fields = Object.entries(argument).map(([name, { type, optional }]) => `"${name}"${optional ? '?' : ''}: ${say(type)}`);
  return `{${fields.join(', ')}}`;
}

function expected(row: MessageRow): string {
  return row.argument === undefined ? '' : `. Expected: ${shapeOf(row)}`;
}

function shown(value: unknown): string {
  let text: string;
  try {
    text = JSON.stringify(value) ?? typeof value;
  } catch {
    // Nested too deep.
    text = Array.isArray(value) ? 'a list' : 'an object';
  }
  return text.length > LONGEST_SHOWN ? `${cut(text, LONGEST_SHOWN)}…` : text;
}
