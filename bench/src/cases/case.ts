import type { Row } from '../row.js';
import type { Bench } from '../sides.js';

/** A benchmark: what it is called on the command line, and how it makes its rows. */
export interface Case {
  readonly name: string;
  readonly title: string;
  /** Pairs to measure, and with --quick. */
  readonly pairs: number;
  readonly quickPairs: number;
  run(bench: Bench, pairs: number): Promise<Row[]>;
}

/** Most that a run may take in comparison with its hand-coded twin. */
export const MOST_TIME_RATIO = 1.05;

/** Most bytes of history a step in comparison with the twin. */
export const MOST_BYTES_RATIO = 1.2;
