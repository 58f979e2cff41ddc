/** What a field of a message's argument may be. `position`: of an element, a whole number from 0. */
export type FieldType = 'text' | 'texts' | 'position' | 'value' | 'object' | 'objects' | readonly string[];

export interface MessageField {
  readonly type: FieldType;
  readonly optional?: true;
  readonly description: string;
}

/** A signal, an update or a query that a workflow of ours takes. */
export interface MessageRow {
  readonly kind: 'signal' | 'update' | 'query';
  readonly description: string;
  /** Sent by the engine's own workflows and workers: of no use to anybody else. */
  readonly internal?: true;
  /** Its one argument: an object of these fields, or a number. Absent: it takes none. */
  readonly argument?: { readonly [field: string]: MessageField } | 'number';
  /** It may come without its argument. */
  readonly bare?: true;
  /** JSON that a sender may copy. */
  readonly example?: string;
}

const step = { type: 'text', description: 'The id of the step' } as const;
const element = { type: 'position', optional: true, description: 'The element of a fan-out, from 0' } as const;
const child = { type: 'text', description: 'The run id of the child' } as const;
const parent = { run_id: { type: 'text', optional: true, description: 'The run id of the parent' } } as const;

/** All that a run can be told and asked. */
export const RUN_MESSAGES = {
  connectionsChanged: {
    kind: 'signal',
    description: 'Looks at once whether what blocked steps lack is there by now. Without skills: for all of them.',
    argument: { skills: { type: 'texts', optional: true, description: 'Only for steps that lack one of these skills' } },
    bare: true,
    example: '{"skills":["slack:chat"]}',
  },
  answer: {
    kind: 'update',
    description: 'Answers a step that waits for input.',
    argument: { step_id: step, index: element, value: { type: 'value', description: 'The answer, any JSON' } },
    example: '{"step_id":"review","value":{"approved":true}}',
  },
  pause: { kind: 'update', description: 'Lets nothing new start until the run is resumed. What runs finishes.' },
  resume: { kind: 'update', description: 'Ends a pause. A run that holds for failed steps gives them up.' },
  retryStep: {
    kind: 'update',
    description: 'Runs a failed step again for which the run holds.',
    argument: { step_id: step, index: element },
    example: '{"step_id":"import"}',
  },
  skipStep: {
    kind: 'update',
    description: 'Skips a step that has not run, waits, is blocked or is held, with a result if one is given.',
    argument: { step_id: step, index: element, result: { type: 'value', optional: true, description: 'What stands for its result, any JSON' } },
    example: '{"step_id":"notify","result":null}',
  },
  migrate: {
    kind: 'update',
    description: 'Moves the run to another definition. Use `distri-workflow runs migrate`, which checks it and makes the plan.',
    argument: {
      definition: { type: 'object', description: 'The definition' },
      definition_hash: { type: 'text', description: 'SHA-256 of its canonical JSON, in hex' },
      decisions: { type: 'object', optional: true, description: 'What becomes of ended steps, by step id' },
    },
  },
  snapshot: { kind: 'query', description: 'The run as it stands: its status, its steps and their results.' },
  context: { kind: 'query', description: 'All that references see: the input, the results of steps and the flat context.' },
  events: {
    kind: 'query',
    description: 'A page of the log after an entry, by its seq. Without an argument: from the start.',
    argument: 'number',
    bare: true,
    example: '0',
  },
  childChanged: {
    kind: 'signal',
    internal: true,
    description: 'A child run says that it waits, is blocked, or goes on.',
    argument: {
      run_id: child,
      status: { type: ['running', 'paused', 'blocked'], description: 'How the child stands' },
      missing: { type: 'texts', optional: true, description: 'Skills that it lacks' },
      waiting: { type: 'objects', optional: true, description: 'Steps of it that wait' },
    },
  },
  childEnded: {
    kind: 'signal',
    internal: true,
    description: 'A child run says that it has ended.',
    argument: {
      run_id: child,
      status: { type: ['completed', 'failed', 'canceled'], description: 'How the child ended' },
      output: { type: 'value', optional: true, description: 'Its output' },
      output_bytes: { type: 'position', optional: true, description: 'The size of an output that was too large' },
      code: { type: 'text', optional: true, description: 'Why it failed, as a code' },
      message: { type: 'text', optional: true, description: 'Why it failed' },
    },
  },
  adopted: { kind: 'signal', internal: true, description: 'The parent run says that it has continued as new.', argument: parent, bare: true },
  parentPaused: { kind: 'signal', internal: true, description: 'The parent run says that it is paused.', argument: parent, bare: true },
  parentResumed: { kind: 'signal', internal: true, description: 'The parent run says that it goes on.', argument: parent, bare: true },
} as const satisfies { readonly [name: string]: MessageRow };

/** All that the catalogue of a queue prefix can be told and asked. */
export const CATALOGUE_MESSAGES = {
  announce: {
    kind: 'signal',
    internal: true,
    description: 'A worker says which skills and tools it offers.',
    argument: {
      identity: { type: 'text', description: 'The identity of the worker' },
      skills: { type: 'texts', description: 'Its skills' },
      tools: { type: 'objects', description: 'Its tools' },
      expires_at: { type: 'text', description: 'Until when this counts (ISO 8601)' },
    },
  },
  catalogue: { kind: 'query', description: 'What each live worker offers.' },
} as const satisfies { readonly [name: string]: MessageRow };
