import type { Connection } from '../activities/connection.js';
import type { Code } from '../definition/codes.js';
import type { JsonValue } from '../definition/json.js';

/** What a step's code may use besides its config. */
export interface StepContext {
  /** The run id, which is the Temporal workflow id. */
  readonly runId: string;
  /** The definition's id. */
  readonly workflowId: string;
  readonly stepId: string;
  readonly index?: number;
  /** Counts from 1; lost workers count too. */
  readonly attempt: number;
  /** The same for each attempt of this step of this run: `<run id>/<step id>`. */
  readonly idempotencyKey: string;
  /** Aborts on cancel, time-out and worker shutdown. */
  readonly signal: AbortSignal;
  /** The attempt has begun something that cannot be undone: heartbeats go on by themselves; details are kept. */
  heartbeat(details?: JsonValue): void;
  readonly log: StepLog;
  /** The connections that the step requires, with their secrets: keep them out of results. */
  readonly connections: readonly Connection[];
}

/** Hides the secrets of the step's connections. A text from outside is masked before it is cut, or a part of a secret is left. */
export interface Mask {
  /** Characters that must be there behind or before a cut, so that a secret that the cut goes through is known. */
  readonly margin: number;
  text(text: string): string;
  /** The beginning, about `chars` characters, well-formed. */
  start(text: string, chars: number): string;
  /** The end, likewise. `open`: more of the text is to come, so that a secret may have begun at its end. */
  end(text: string, chars: number, open?: boolean): string;
}

export interface StepLog {
  debug(message: string, fields?: { [key: string]: JsonValue }): void;
  info(message: string, fields?: { [key: string]: JsonValue }): void;
  warn(message: string, fields?: { [key: string]: JsonValue }): void;
  error(message: string, fields?: { [key: string]: JsonValue }): void;
}

/** What an activity of a kind sees besides its rendered config. */
export interface ActivityContext extends StepContext {
  /** The mapping with its references resolved; undefined when the step has none. */
  readonly mapping: JsonValue | undefined;
  /** The run's whole context, when the format gives it to this step. */
  readonly context: JsonValue | undefined;
  readonly mask: Mask;
  /** Tells the run of something that does not stop the step. */
  warn(code: Code, message: string): void;
  /** Seconds that the step's own `timeout_secs` gives the attempt; `signal` aborts then. */
  readonly timeoutSecs?: number;
}

/** The code of an activity kind: rendered config in, result out. It throws {@link StepFailure} to fail. */
export type Activity<Config> = (config: Config, context: ActivityContext) => Promise<JsonValue>;
