import type { Bench, Pair, Sides } from './sides.js';

/** Measures both sides one after the other, so often: A B, B A, A B … One pair before that is not counted. */
export async function measurePairs<T>(
  bench: Bench,
  { name, pairs }: { name: string; pairs: number },
  measure: Sides<() => Promise<T>>,
): Promise<Sides<T>[]> {
  const measured: Sides<T>[] = [];
  for (let at = 0; at <= pairs; at += 1) {
    const pair = at % 2 === 0 ? await oursFirst(measure) : await twinFirst(measure);
    if (at > 0) measured.push(pair);
    bench.say(`${name}: ${at === 0 ? 'warm-up' : `pair ${at} of ${pairs}`}${typeof pair.ours === 'number' ? ` ${describe(pair)}` : ''}`);
  }
  return measured;
}

function describe(pair: Sides<unknown>): string {
  return `ours ${Math.round(Number(pair.ours))}, twin ${Math.round(Number(pair.twin))}`;
}

async function oursFirst<T>(measure: Sides<() => Promise<T>>): Promise<Sides<T>> {
  const ours = await measure.ours();
  return { ours, twin: await measure.twin() };
}

async function twinFirst<T>(measure: Sides<() => Promise<T>>): Promise<Sides<T>> {
  const twin = await measure.twin();
  return { ours: await measure.ours(), twin };
}

/** Milliseconds that something takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

/** The middle value; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** The value below which so large a part of the values lies. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

/** The median of the ratios of each pair: what happens to the machine happens to both of a pair. */
export function ratioOf(pairs: readonly Pair[]): number {
  return median(pairs.map(({ ours, twin }) => ours / twin));
}
