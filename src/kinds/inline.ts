import type { JsonValue } from '../definition/json.js';
import type { Lookup } from '../definition/references.js';
import type { StepKind } from './schemas.js';

/** How an inline kind answers, synchronously: it is done, it waits for an answer, or another kind runs in its place. */
export type InlineOutcome =
  | { readonly type: 'done'; readonly result: JsonValue }
  | { readonly type: 'wait'; readonly message: string; readonly schema: JsonValue }
  | { readonly type: 'branch'; readonly kind: StepKind };

/** The code of an inline kind: its config as written, and what references see. It runs in the workflow sandbox. */
export type Inline<Config> = (config: Config, lookup: Lookup) => InlineOutcome;
