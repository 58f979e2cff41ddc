import type { JsonValue } from '../definition/json.js';
import type { Code } from '../definition/codes.js';
import type { Lookup } from '../definition/references.js';
import type { StepKind } from './schemas.js';

/**
 * How an inline kind answers, synchronously: it is done, it waits for an answer, it is delayed
 * (`secs` from now, or `until` a time in milliseconds since the epoch), it fails, or another kind runs in its place.
 */
export type InlineOutcome =
  | { readonly type: 'done'; readonly result: JsonValue }
  | { readonly type: 'wait'; readonly message: string; readonly schema: JsonValue }
  | { readonly type: 'delay'; readonly secs: number; readonly until?: undefined }
  | { readonly type: 'delay'; readonly until: number }
  | { readonly type: 'fail'; readonly failure: { readonly code: Code; readonly message: string } }
  | { readonly type: 'branch'; readonly kind: StepKind };

/**
 * The code of an inline kind: its config as written, what references see, and the names that begin references of an
 * expression besides the usual ones. It runs in the workflow sandbox.
 */
export type Inline<Config> = (config: Config, lookup: Lookup, aliases?: readonly string[]) => InlineOutcome;
