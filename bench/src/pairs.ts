import type { Bench, Cpu, Pair, Sides } from './sides.js';

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
    bench.say(`${name}: ${at === 0 ? 'warm-up' : `pair ${at} of ${pairs}`}${described(pair)}`);
  }
  return measured;
}

/** Numbers for those who watch. */
function described({ ours, twin }: Sides<unknown>): string {
  const shown = (value: unknown): string | undefined => {
    if (typeof value === 'number') return value.toFixed(1);
    if (typeof value !== 'object' || value === null || !('ms' in value)) return undefined;
    return Object.entries(value).map(([key, part]) => `${key} ${Number(part).toFixed(1)}`).join(' ');
  };
  const [one, other] = [shown(ours), shown(twin)];
  return one === undefined || other === undefined ? '' : ` — ours: ${one}; twin: ${other}`;
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

/** What something took, in milliseconds: on the clock, and of the CPU of each process, which is far less noisy on a busy machine. */
export interface Cost {
  readonly ms: number;
  readonly worker: number;
  readonly server: number;
  readonly client: number;
}

/** What each side takes for `work`, divided by `parts`. */
export function costs(cpu: Cpu, parts: number, work: Sides<() => Promise<unknown>>): Sides<() => Promise<Cost>> {
  const cost = (side: keyof Sides<unknown>) => async (): Promise<Cost> => {
    const used = async () => ({ worker: await cpu.worker[side](), server: await cpu.server(), client: await cpu.client() });
    const before = await used();
    const ms = await timed(work[side]);
    const after = await used();
    const part = (process: keyof typeof before): number => (after[process] - before[process]) / parts;
    return { ms: ms / parts, worker: part('worker'), server: part('server'), client: part('client') };
  };
  return { ours: cost('ours'), twin: cost('twin') };
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
