import type { WorkflowStartOptions } from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';
import { startAttributes } from '../definition/attributes.js';
import { InvalidDefinitionError, InvalidInputError } from '../definition/errors.js';
import { inexactMessage, roundedIn, roundedMessage, type InexactNumber } from '../definition/exact-json.js';
import { isObject, type JsonObject } from '../definition/json.js';
import { LIMITS } from '../definition/limits.js';
import type { RunInput } from '../definition/messages.js';
import { checkStart, validateWorkflow, type ParsedWorkflow } from '../definition/parse.js';
import { summaryOf, wellFormed } from '../definition/text.js';
import type { WorkflowDefinition } from '../definition/types.js';
import { lacksAttributes } from '../temporal/visibility.js';
import { ADD_ATTRIBUTES } from './attributes.js';
import type { Session } from './session.js';

/** What started a run, when it was not a person or a program by itself. */
export interface TriggerOrigin {
  id: string;
  type: string;
}

/** How to start a run; everything is optional. */
export interface StartOptions {
  /** Validated against the definition's `input_schema`. It replaces the document's `context.input` whole. */
  input?: JsonObject;
  /**
   * Numbers of the input that its text had and a number does not keep, when it was parsed by `parseExact`: the run warns of
   * them. Without it, integers beyond 2^53 are warned of as perhaps rounded.
   */
  inexact?: readonly InexactNumber[];
  /** Id of one of the definition's entry points. */
  entryPoint?: string;
  /** Variables for `{env.X}`. They become part of the run's history: secrets belong in connections. */
  env?: { [name: string]: string };
  /** The run's id, at most 1,000 bytes; default: the definition's id and a UUID. A taken id is an error. */
  runId?: string;
  /** Who the run belongs to: whose connections it uses; shown, searchable, and its key when workers share out their time. */
  owner?: string;
  /** Seconds after which the server ends the run, whatever it does. Default: never. */
  executionTimeoutSecs?: number;
  /**
   * A hash of the request that led to the start, kept beside the run: who chooses the run id by a request's own key can
   * tell that request, sent again, from another one. Shown as `request_hash`.
   */
  requestHash?: string;
  /** The trigger that starts it, for the run's description. */
  trigger?: TriggerOrigin;
  /** For tests: the run continues as new after so many events already, and not only when Temporal suggests it. */
  continueAfterEvents?: number;
}

/** A checked start: the argument of the interpreter, and what is said about the run beside it. */
export interface StartRequest {
  readonly input: RunInput;
  readonly options: Pick<StartOptions, 'owner' | 'executionTimeoutSecs' | 'requestHash' | 'trigger'>;
}

/** A payload above 2 MB is refused by the server; some room is left for what goes around it. */
const MOST_BYTES = Math.floor(1.9 * 1024 * 1024);
/** What a definition may have when large payloads are stored outside. */
const MOST_STORED_DEFINITION_BYTES = 4 * 1024 * 1024;
const LONGEST_FAIRNESS_KEY = 64;
const MOST_WARNINGS = 20;
/** How long to start runs without search attributes before trying with them again. */
const RETRY_ATTRIBUTES_MS = 60_000;

/** Sessions whose namespace lacks the search attributes, with the time until which that is believed. */
const withoutAttributes = new WeakMap<Session, number>();

/** Checks all that can be checked before a run starts. Throws `InvalidDefinitionError`, `InvalidInputError`. */
export function prepareStart(session: Session, document: unknown, options: StartOptions, origin: Pick<RunInput, 'seed' | 'rerun_of'> = {}): StartRequest {
  const { definition, hash } = checked(session, document);
  checkStart(definition, {
    ...(options.input === undefined ? {} : { input: options.input }),
    ...(options.entryPoint === undefined ? {} : { entryPoint: options.entryPoint }),
    ...(options.env === undefined ? {} : { env: options.env }),
  });
  const input: RunInput = {
    definition,
    ...(options.input === undefined ? {} : { input: options.input }),
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.entryPoint === undefined ? {} : { entry_point: options.entryPoint }),
    ...(options.owner === undefined ? {} : { owner: options.owner }),
    ...(options.continueAfterEvents === undefined ? {} : { continue_after_events: options.continueAfterEvents }),
    definition_hash: hash,
    ...warningsOf(options),
    ...origin,
  };
  checkSize(session, input);
  return { input, options };
}

/** What is to be said of the numbers of an input. */
function warningsOf({ input, inexact }: StartOptions): Pick<RunInput, 'warnings'> {
  const messages = inexact?.map(inexactMessage) ?? roundedIn(input, ['input']).map(roundedMessage);
  return messages.length === 0 ? {} : { warnings: messages.slice(0, MOST_WARNINGS).map((message) => ({ code: 'INEXACT_NUMBER', message })) };
}

/** A valid definition with the id of the workflow that it is a newer version of. Throws `InvalidDefinitionError`. */
export function checkedDefinition(session: Session, document: unknown, id: string): WorkflowDefinition {
  return { ...checked(session, document).definition, id };
}

/** Bytes of compact JSON that a definition may have. */
export function maxDefinitionBytes(session: Session): number {
  return hasStorage(session) ? MOST_STORED_DEFINITION_BYTES : LIMITS.bytes;
}

function checked(session: Session, document: unknown): { definition: WorkflowDefinition; hash: string } {
  const { problems, definition, hash } = validateWorkflow(isParsed(document) ? document.definition : document, { maxBytes: maxDefinitionBytes(session) });
  if (definition === undefined || hash === undefined) throw new InvalidDefinitionError(problems);
  return { definition, hash };
}

function isParsed(document: unknown): document is ParsedWorkflow {
  return isObject(document) && 'definition' in document && 'hash' in document && !('agent_type' in document);
}

/** Whether the client stores large payloads outside the history. */
export function hasStorage(session: Session): boolean {
  return session.client.options.loadedDataConverter.externalStorage !== undefined;
}

function checkSize(session: Session, input: RunInput): void {
  if (hasStorage(session)) return;
  const bytes = Buffer.byteLength(JSON.stringify(input));
  if (bytes <= MOST_BYTES) return;
  const document = Buffer.byteLength(JSON.stringify(input.definition));
  const fits = `at most ${MOST_BYTES} bytes fit without external storage`;
  if (document > MOST_BYTES) {
    const message = `The document has ${document} bytes; ${fits}`;
    throw new InvalidDefinitionError([{ severity: 'error', code: 'DOCUMENT_TOO_LARGE', path: '$', message }]);
  }
  const all = input.seed === undefined ? 'The document and its input' : 'The document, its input and the results that it keeps';
  throw new InvalidInputError('INPUT_TOO_LARGE', `${all} have ${bytes} bytes together; ${fits}`);
}

/** What a run is started with but its id: the same for a start now and for one by a schedule. */
export function startParameters(session: Session, { input, options }: StartRequest, attributes: boolean) {
  const { definition, definition_hash, rerun_of } = input;
  const { owner, requestHash, trigger } = options;
  const name = definition.name ?? undefined;
  return {
    taskQueue: session.queuePrefix,
    args: [{ ...input, search_attributes: attributes, ...(hasStorage(session) ? { storage: true } : {}) }],
    typedSearchAttributes: new TypedSearchAttributes(attributes ? startAttributes({ workflowId: definition.id, version: definition.version, owner }) : []),
    memo: {
      workflow_id: definition.id,
      definition_hash,
      ...(owner && { owner }),
      ...(name && { name }),
      ...(rerun_of && { rerun_of: rerun_of.run_id }),
      ...(requestHash && { request_hash: requestHash }),
      ...(trigger && { trigger }),
    },
    staticSummary: summaryOf(name ?? definition.id),
    priority: { fairnessKey: cutBytes(wellFormed(owner ?? definition.id), LONGEST_FAIRNESS_KEY) },
    ...(options.executionTimeoutSecs === undefined ? {} : { workflowExecutionTimeout: options.executionTimeoutSecs * 1000 }),
  } satisfies Omit<WorkflowStartOptions, 'workflowId'>;
}

/** Sends a start with our search attributes, or without them, with a warning, where the namespace lacks them. */
export async function withAttributes<T>(session: Session, send: (attributes: boolean) => Promise<T>): Promise<T> {
  if ((withoutAttributes.get(session) ?? 0) > Date.now()) return send(false);
  try {
    return await send(true);
  } catch (error) {
    if (!lacksAttributes(error)) throw error;
  }
  const sent = await send(false);
  if (!withoutAttributes.has(session)) session.warn({ code: 'SEARCH_ATTRIBUTES_MISSING', message: ADD_ATTRIBUTES });
  withoutAttributes.set(session, Date.now() + RETRY_ATTRIBUTES_MS);
  return sent;
}

/** The beginning of a text, at most so many bytes of UTF-8 and never half of a code point. */
function cutBytes(text: string, most: number): string {
  let kept = '';
  let bytes = 0;
  for (const character of text) {
    bytes += Buffer.byteLength(character);
    if (bytes > most) break;
    kept += character;
  }
  return kept;
}
