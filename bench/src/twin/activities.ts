import { setTimeout as sleep } from 'node:timers/promises';

export interface NoopInput {
  count: number;
  pause_ms?: number;
}

export interface NoopResult {
  count: number;
  /** Milliseconds since the epoch. */
  at: number;
}

/** The twin of the tool in noop.tools.mjs. */
export async function noop({ count, pause_ms: pauseMs }: NoopInput): Promise<NoopResult> {
  if (pauseMs !== undefined) await sleep(pauseMs);
  return { count: count + 1, at: Date.now() };
}
