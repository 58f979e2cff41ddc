import type { Client } from '@temporalio/client';
import type { DistriClient } from 'distri-workflow/client';

/** What every case works with: a server, a worker process for each side, and clients. */
export interface Bench {
  readonly temporal: Client;
  readonly distri: DistriClient;
  /** Milliseconds of CPU that the worker processes have used. */
  readonly workerCpu: Sides<() => Promise<number>>;
  /** Paths of the workflow bundles of both sides. */
  readonly bundles: { readonly ours: string; readonly twin: string };
  /** A new id, so that no run is taken for another one. */
  id(prefix: string): string;
  say(line: string): void;
}

/** A value of each side. */
export interface Sides<T> {
  readonly ours: T;
  readonly twin: T;
}

export type Pair = Sides<number>;

