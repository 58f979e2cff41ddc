import type { Code } from './codes.js';
import type { InexactNumber } from './exact-json.js';
import type { Origin } from './positions.js';

/** What a text holds, and where in it. */
export interface Source {
  readonly value: unknown;
  readonly origin: Origin;
  /** Numbers that are not kept as they were written. */
  readonly inexact: readonly InexactNumber[];
}

/** The text cannot be read as what it should be. `offset` is the place in the text. */
export class SyntaxProblem extends Error {
  constructor(
    readonly code: Code,
    message: string,
    readonly offset: number,
    readonly hint?: string,
  ) {
    super(message);
  }
}
