import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { RUN_STATUSES, STEP_STATUSES } from '../../../src/definition/snapshot.js';

/** A text that is compared as it is, or `/…/` for a regular expression. */
const text = z.string();

const connection = z.strictObject({
  skill: z.string(),
  permissions: z.array(z.string()).optional(),
  env: z.record(z.string(), z.string()).optional(),
  secrets: z.record(z.string(), z.string()).optional(),
  headers: z.record(z.string(), z.string()).optional(),
  hosts: z.array(z.string()).optional(),
  expires_at: z.string().optional(),
});

/** Given in this order, each when its step waits. A `refused` one leaves the step waiting. */
const answer = z.strictObject({
  step: z.string(),
  /** The element of a fan-out. */
  index: z.number().optional(),
  /** The step of the child that this step runs. */
  in_child: z.string().optional(),
  value: z.json(),
  message: text.optional(),
  schema: z.json().optional(),
  refused: z.strictObject({ code: z.string(), message: text.optional() }).optional(),
});

/** Done in this order, each when the run is as `when` says. A `refused` one changes nothing. */
const operation = z.strictObject({
  when: z.strictObject({
    status: z.enum(RUN_STATUSES).optional(),
    paused: z.enum(['user', 'failure']).optional(),
    /** Step ids with the status that they have then. */
    steps: z.record(z.string(), z.enum(STEP_STATUSES)).optional(),
    /** Steps whose snapshot says until when they wait. */
    until: z.array(z.string()).optional(),
  }),
  do: z.enum(['pause', 'resume', 'retry', 'skip', 'answer', 'cancel']),
  step: z.string().optional(),
  /** The element of a fan-out. */
  index: z.number().optional(),
  /** Of a step that is skipped, or the answer. */
  value: z.json().optional(),
  reason: z.string().optional(),
  refused: z.strictObject({ code: z.string(), message: text.optional() }).optional(),
});

const expectedStep = z.strictObject({
  status: z.enum(STEP_STATUSES).optional(),
  label: z.string().optional(),
  kind: z.string().optional(),
  result: z.json().optional(),
  /** For results that hold what a case cannot know: text or regular expression of the result's JSON. */
  result_json: text.optional(),
  error: text.optional(),
  error_code: z.string().optional(),
  attempts: z.number().optional(),
  missing: z.array(z.string()).optional(),
  message: z.string().optional(),
  masked: z.number().optional(),
  held: z.boolean().optional(),
  items: z.json().optional(),
});

const expected = z.strictObject({
  /** `paused` and `blocked`: the run is looked at when it is so, then ended. */
  status: z.enum(RUN_STATUSES).optional(),
  output: z.json().optional(),
  error: text.optional(),
  error_code: z.string().optional(),
  steps: z.record(z.string(), expectedStep).optional(),
  /** Keys of the context with their whole values. */
  context: z.record(z.string(), z.json()).optional(),
  /** Codes of the run's warnings with the steps they are about, `CODE step`, all of them. */
  warnings: z.array(z.string()).optional(),
  /** All events in order, each `event` or `event step`; blocked and unblocked ones too. */
  events: z.array(z.string()).optional(),
  /** Some of the events, in this order. */
  events_in_order: z.array(z.string()).optional(),
  no_events: z.array(z.string()).optional(),
  /** How often a step's tool was called. */
  calls: z.record(z.string(), z.number()).optional(),
});

const caseSchema = z
  .strictObject({
    name: z.string(),
    /** Section of the format (`format 5.2`) or of the design (`design 5.1`). */
    rule: z.string().regex(/^(format|design) \d+(\.\d+)?/),
    document: z.json().optional(),
    /** A file of the repository that holds it. */
    document_file: z.string().optional(),
    /** The document as text, where positions matter. */
    text: z.string().optional(),
    input: z.json().optional(),
    env: z.record(z.string(), z.string()).optional(),
    entry_point: z.string().optional(),
    connections: z.array(connection).optional(),
    /** Documents that workflow steps may run by their id. Ids are of one case only, but for versions. */
    workflows: z.array(z.looseObject({ id: z.string() })).optional(),
    answers: z.array(answer).optional(),
    operations: z.array(operation).optional(),
    /** Nothing starts: the error of the start. */
    refused: z.strictObject({ code: z.string(), message: text.optional(), problems: z.array(text).optional() }).optional(),
    /** `CODE path`, with ` line:column` when the document is text: all warnings about the document. */
    problems: z.array(text).optional(),
    expect: expected.optional(),
  })
  .refine(
    ({ document, document_file: file, text }) => [document, file, text].filter((one) => one !== undefined).length === 1,
    'exactly one of document, document_file and text',
  )
  .refine((given) => (given.refused === undefined) !== (given.expect === undefined), 'exactly one of refused and expect');

/** One case: a whole document, what is done with it, and what must come of it. */
export type Case = z.infer<typeof caseSchema> & { file: string };
export type Operation = z.infer<typeof operation>;
export type ExpectedStep = z.infer<typeof expectedStep>;
export type Expected = z.infer<typeof expected>;

/** Reads all cases below a folder. `@SITE@` in a file is the URL of the HTTP server, `@OTHER@` that server under another host name. */
export function readCases(folder: string): Case[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.yaml'));
  return files.sort().map((file) => readCase(join(folder, file), relative(folder, join(folder, file))));
}

function readCase(path: string, file: string): Case {
  const raw: unknown = parse(readFileSync(path, 'utf8'));
  const parsed = caseSchema.safeParse(raw);
  if (!parsed.success) throw new Error(`${path}: ${z.prettifyError(parsed.error)}`);
  // What zod gives back lacks keys named __proto__, and has no more than the file: there are no defaults.
  return { ...(raw as z.infer<typeof caseSchema>), file };
}

/** The value with `@SITE@` and `@OTHER@` replaced in every text. */
export function atSite<T>(value: T, { url, otherHost }: { url: string; otherHost: string }): T {
  return JSON.parse(JSON.stringify(value).replaceAll('@SITE@', url).replaceAll('@OTHER@', otherHost)) as T;
}
