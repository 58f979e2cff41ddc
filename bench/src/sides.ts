import type { Client } from '@temporalio/client';
import type { DistriClient } from 'distri-workflow/client';

/** What every case works with: a server, a worker process for each side, and clients. */
export interface Bench {
  readonly temporal: Client;
  readonly distri: DistriClient;
  readonly cpu: Cpu;
  /** Paths of the workflow bundles of both sides. */
  readonly bundles: { readonly ours: string; readonly twin: string };
  /** A new id, so that no run is taken for another one. */
  id(prefix: string): string;
  say(line: string): void;
}

/** Milliseconds of CPU that each process has used: workers of both sides, the server, and this one, the client of both. */
export interface Cpu {
  readonly worker: Sides<() => Promise<number>>;
  server(): Promise<number>;
  client(): Promise<number>;
}

/** A value of each side. */
export interface Sides<T> {
  readonly ours: T;
  readonly twin: T;
}

export type Pair = Sides<number>;

