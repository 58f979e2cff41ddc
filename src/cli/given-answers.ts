import type { JsonValue } from '../definition/json.js';
import { writeAddress, type Address } from './address.js';
import type { Wait } from './view/waits.js';

/** The value of `--answer`, and which steps it is for: a step, or one of the child of a step, and so on. */
export interface GivenAnswer {
  /** As it was written. */
  readonly address: string;
  readonly path: readonly Address[];
  readonly value: JsonValue;
}

/** The answer that fits what waits; one that names the element comes before one for all. */
export function findAnswer(given: readonly GivenAnswer[], wait: Wait): GivenAnswer | undefined {
  const fitting = given.filter(({ path }) => fits(path, wait));
  return fitting.sort((a, b) => indexes(b.path) - indexes(a.path))[0];
}

function indexes(path: readonly Address[]): number {
  return path.filter(({ index }) => index !== undefined).length;
}

function fits(path: readonly Address[], { under, stepId, index }: Wait): boolean {
  const last = path.at(-1);
  if (last === undefined || !names(last, { stepId, index })) return false;
  if (under === undefined) return path.length === 1;
  const [first, ...between] = path.slice(0, -1);
  return first !== undefined && names(first, under) && betweenPattern(between).test(under.between);
}

/** Without an index it is any element. */
function names(given: Address, { stepId, index }: Address): boolean {
  return given.stepId === stepId && (given.index === undefined || given.index === index);
}

/** What the run id of a child's child adds to that of the child; one that was run again ends in `#` and a number. */
function betweenPattern(path: readonly Address[]): RegExp {
  const parts = path.map((address) => {
    const anyElement = address.index === undefined ? '(\\[\\d+\\])?' : '';
    return `/${escape(writeAddress(address))}${anyElement}(#\\d+)?`;
  });
  return new RegExp(`^(#\\d+)?${parts.join('')}$`, 'u');
}

function escape(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/gu, '\\$&');
}
