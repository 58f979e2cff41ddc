import type { WorkflowStartOptions } from '@temporalio/client';
import { TypedSearchAttributes, WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { v7 as uuidv7 } from 'uuid';
import { startAttributes } from '../definition/attributes.js';
import { InvalidDefinitionError, InvalidInputError, RunAlreadyExistsError } from '../definition/errors.js';
import { isObject, type JsonObject } from '../definition/json.js';
import { LIMITS } from '../definition/limits.js';
import { WORKFLOW_TYPE, type RunInput } from '../definition/messages.js';
import { checkStart, validateWorkflow, type ParsedWorkflow } from '../definition/parse.js';
import { cut, isWellFormed, wellFormed } from '../definition/text.js';
import type { WorkflowDefinition } from '../definition/types.js';
import { lacksAttributes } from '../temporal/visibility.js';
import { ADD_ATTRIBUTES } from './attributes.js';
import { timed, translate } from './rpc.js';
import type { Session } from './session.js';

/** How to start a run; everything is optional. */
export interface StartOptions {
  /** Validated against the definition's `input_schema`. It replaces the document's `context.input` whole. */
  input?: JsonObject;
  /** Id of one of the definition's entry points. */
  entryPoint?: string;
  /** Variables for `{env.X}`. They become part of the run's history: secrets belong in connections. */
  env?: { [name: string]: string };
  /** The run's id, at most 1,000 bytes; default: the definition's id and a UUID. A taken id is an error. */
  runId?: string;
  /** Who the run belongs to: shown, searchable, and its key when workers share out their time. */
  owner?: string;
  /** Seconds after which the server ends the run, whatever it does. Default: never. */
  executionTimeoutSecs?: number;
  /** For tests: the run continues as new after so many events already, and not only when Temporal suggests it. */
  continueAfterEvents?: number;
}

/** A payload above 2 MB is refused by the server; some room is left for what goes around it. */
const MOST_BYTES = Math.floor(1.9 * 1024 * 1024);
/** What a definition may have when large payloads are stored outside. */
const MOST_STORED_BYTES = 4 * 1024 * 1024;
const LONGEST_RUN_ID = 1_000;
const LONGEST_FAIRNESS_KEY = 64;
/** How long to start runs without search attributes before trying with them again. */
const RETRY_ATTRIBUTES_MS = 60_000;

/** Sessions whose namespace lacks the search attributes, with the time until which that is believed. */
const withoutAttributes = new WeakMap<Session, number>();

/** A started run. */
export interface Started {
  runId: string;
  temporalRunId: string;
}

/**
 * Validates and starts a run. Throws before anything starts: `InvalidDefinitionError`, `InvalidInputError`,
 * `RunAlreadyExistsError`.
 */
export async function startRun(
  session: Session,
  document: unknown,
  options: StartOptions,
  origin: Pick<RunInput, 'seed' | 'rerun_of'> = {},
): Promise<Started> {
  const { definition, hash } = checked(session, document);
  checkStart(definition, {
    ...(options.input === undefined ? {} : { input: options.input }),
    ...(options.entryPoint === undefined ? {} : { entryPoint: options.entryPoint }),
    ...(options.env === undefined ? {} : { env: options.env }),
  });
  const runId = options.runId === undefined ? newRunId(definition.id) : checkedRunId(options.runId);
  const input: RunInput = {
    definition,
    ...(options.input === undefined ? {} : { input: options.input }),
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.entryPoint === undefined ? {} : { entry_point: options.entryPoint }),
    ...(options.continueAfterEvents === undefined ? {} : { continue_after_events: options.continueAfterEvents }),
    definition_hash: hash,
    ...origin,
  };
  checkSize(session, input);
  return start(session, { runId, input, options });
}

/** A run id for a definition: its id made fit for URLs, and a UUID that sorts by time. */
export function newRunId(definitionId: string): string {
  const readable = cut(definitionId.replace(/[^A-Za-z0-9._~-]+/g, '-').replace(/^-+|-+$/g, ''), 200);
  return `${readable === '' ? 'workflow' : readable}-${uuidv7()}`;
}

/** A valid definition with the id of the workflow that it is a newer version of. Throws `InvalidDefinitionError`. */
export function checkedDefinition(session: Session, document: unknown, id: string): WorkflowDefinition {
  return { ...checked(session, document).definition, id };
}

/** Bytes of compact JSON that a definition may have. */
export function maxDefinitionBytes(session: Session): number {
  return hasStorage(session) ? MOST_STORED_BYTES : LIMITS.bytes;
}

function checked(session: Session, document: unknown): { definition: WorkflowDefinition; hash: string } {
  const { problems, definition, hash } = validateWorkflow(isParsed(document) ? document.definition : document, { maxBytes: maxDefinitionBytes(session) });
  if (definition === undefined || hash === undefined) throw new InvalidDefinitionError(problems);
  return { definition, hash };
}

function isParsed(document: unknown): document is ParsedWorkflow {
  return isObject(document) && 'definition' in document && 'hash' in document && !('agent_type' in document);
}

function checkedRunId(runId: string): string {
  const bytes = Buffer.byteLength(runId);
  const wrong =
    bytes === 0
      ? 'is empty'
      : bytes > LONGEST_RUN_ID
        ? `has ${bytes} bytes, more than ${LONGEST_RUN_ID}`
        : !isWellFormed(runId)
          ? 'is not well-formed Unicode'
          : /\p{Cc}/u.test(runId)
            ? 'has control characters'
            : undefined;
  if (wrong !== undefined) throw new InvalidInputError('BAD_ID', `The run id ${wrong}; choose another one`);
  return runId;
}

function hasStorage(session: Session): boolean {
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

interface Request {
  runId: string;
  input: RunInput;
  options: StartOptions;
}

async function start(session: Session, request: Request): Promise<Started> {
  const { runId } = request;
  try {
    if ((withoutAttributes.get(session) ?? 0) > Date.now()) return await send(session, request, false);
    try {
      return await send(session, request, true);
    } catch (error) {
      if (!lacksAttributes(error)) throw error;
    }
    const started = await send(session, request, false);
    if (!withoutAttributes.has(session)) session.warn({ code: 'SEARCH_ATTRIBUTES_MISSING', message: ADD_ATTRIBUTES });
    withoutAttributes.set(session, Date.now() + RETRY_ATTRIBUTES_MS);
    return started;
  } catch (error) {
    throw error instanceof WorkflowExecutionAlreadyStartedError
      ? new RunAlreadyExistsError(runId)
      : translate(session, error, runId);
  }
}

async function send(session: Session, { runId, input, options }: Request, attributes: boolean): Promise<Started> {
  const { definition, definition_hash, rerun_of } = input;
  const { owner } = options;
  const name = definition.name ?? undefined;
  const start = {
    workflowId: runId,
    taskQueue: session.queuePrefix,
    args: [{ ...input, search_attributes: attributes, ...(hasStorage(session) ? { storage: true } : {}) }],
    workflowIdReusePolicy: 'REJECT_DUPLICATE',
    workflowIdConflictPolicy: 'FAIL',
    typedSearchAttributes: new TypedSearchAttributes(attributes ? startAttributes({ workflowId: definition.id, version: definition.version, owner }) : []),
    memo: { workflow_id: definition.id, definition_hash, ...(owner && { owner }), ...(name && { name }), ...(rerun_of && { rerun_of: rerun_of.run_id }) },
    staticSummary: cut(wellFormed(name ?? definition.id), 200),
    priority: { fairnessKey: cutBytes(wellFormed(owner ?? definition.id), LONGEST_FAIRNESS_KEY) },
    ...(options.executionTimeoutSecs === undefined
      ? {}
      : { workflowExecutionTimeout: options.executionTimeoutSecs * 1000 }),
  } satisfies WorkflowStartOptions;
  const handle = await timed(session, () => session.client.workflow.start(WORKFLOW_TYPE, start));
  return { runId, temporalRunId: handle.firstExecutionRunId };
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
