import { median, ratioOf, type Cost } from './pairs.js';
import type { Pair, Sides } from './sides.js';

/** One line of the table. */
export interface Row {
  readonly measure: string;
  readonly unit: string;
  readonly ours: number;
  readonly twin?: number;
  readonly ratio?: number;
  /** What is to be reached, and whether it was. */
  readonly target?: string;
  readonly ok?: boolean;
  /** All that was measured, in order. */
  readonly pairs?: readonly Pair[];
}

/** A row of interleaved pairs: medians, and the median of the ratios. */
export function pairedRow(measure: string, unit: string, pairs: readonly Pair[], mostRatio?: number): Row {
  const ratio = ratioOf(pairs);
  return {
    measure,
    unit,
    ours: median(pairs.map((pair) => pair.ours)),
    twin: median(pairs.map((pair) => pair.twin)),
    ratio,
    ...(mostRatio === undefined ? {} : { target: `ratio ≤ ${mostRatio}`, ok: ratio <= mostRatio }),
    pairs,
  };
}

/** The rows of what one of many steps or runs takes: the time has a target, the CPU time of each process explains it. */
export function costRows(of: string, pairs: readonly Sides<Cost>[], mostRatio: number): Row[] {
  const values = (key: keyof Cost): Pair[] => pairs.map(({ ours, twin }) => ({ ours: ours[key], twin: twin[key] }));
  return [
    pairedRow(`time a ${of}`, 'ms', values('ms'), mostRatio),
    ...(['worker', 'server', 'client'] as const).map((process) => pairedRow(`CPU of the ${process} a ${of}`, 'ms', values(process))),
  ];
}
