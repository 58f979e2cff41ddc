import type { Lookup } from '../definition/references.js';
import type { ConfigOf, StepKind } from '../definition/types.js';
import { runCheckpoint } from '../kinds/checkpoint/inline.js';
import { runCondition } from '../kinds/condition/inline.js';
import { runDelay } from '../kinds/delay/inline.js';
import type { InlineKindName } from '../kinds/index.js';
import type { Inline, InlineOutcome } from '../kinds/inline.js';
import { runReply } from '../kinds/reply/inline.js';
import { runWaitForInput } from '../kinds/wait-for-input/inline.js';

/** The inline kinds, one line each. */
const inlineKinds = {
  condition: runCondition,
  checkpoint: runCheckpoint,
  wait_for_input: runWaitForInput,
  reply: runReply,
  delay: runDelay,
} satisfies { [N in InlineKindName]: Inline<ConfigOf<N>> };

export type InlineKind = Extract<StepKind, { type: InlineKindName }>;

/** Runs an inline kind. `aliases`: names that begin references of its expression besides the usual ones. */
export function runInline(kind: InlineKind, lookup: Lookup, aliases?: readonly string[]): InlineOutcome {
  const run = inlineKinds[kind.type] as Inline<typeof kind>;
  return run(kind, lookup, aliases);
}
