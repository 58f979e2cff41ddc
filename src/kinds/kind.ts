/**
 * What the engine knows of a step kind as plain data: the interpreter, Node and the browser all read it.
 *
 * - `textFields`: config fields that stay text when they are exactly one reference (format, section 10).
 * - `context`: when an activity kind is sent the run's whole context. `unless_mapped`: when the step has no `input`
 *   mapping; `unless_input`: when it has neither a mapping nor a `kind.input`; `never`: only what it refers to.
 * - `ownQueueOnly`: it never moves to the queue of its connection, whose workers may lack what it runs on.
 * - `timed`: the step's `timeout_secs` bounds how long an inline kind waits, or a child run takes.
 * - `contextKey`: a top-level key of the context that a part of the result is stored at as well.
 * - `contextPart`: the key of the result that names this part.
 */
export type Kind = {
  readonly title: string;
  readonly textFields: readonly string[];
} & (
  | {
      readonly runs: 'activity';
      readonly skill: string;
      readonly context: 'unless_mapped' | 'unless_input' | 'never';
      readonly contextKey?: string;
      readonly contextPart?: string;
      readonly ownQueueOnly?: true;
    }
  | { readonly runs: 'inline'; readonly timed?: true }
  | { readonly runs: 'child'; readonly timed?: true }
);
