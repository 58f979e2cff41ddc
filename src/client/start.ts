import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { v7 as uuidv7 } from 'uuid';
import { InvalidInputError, RunAlreadyExistsError } from '../definition/errors.js';
import { WORKFLOW_TYPE, type RunInput } from '../definition/messages.js';
import { cut } from '../definition/text.js';
import { idProblem } from './id-problem.js';
import { timed, translate } from './rpc.js';
import type { Session } from './session.js';
import { prepareStart, startParameters, withAttributes, type StartOptions, type StartRequest } from './start-request.js';

const LONGEST_RUN_ID = 1_000;

/** The definition that a run was started with. */
export interface StartedWith {
  workflow_id: string;
  version?: string | number;
  definition_hash: string;
}

/** A started run. */
export interface Started {
  runId: string;
  temporalRunId: string;
  startedWith: StartedWith;
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
  const request = prepareStart(session, document, options, origin);
  const { definition, definition_hash = '' } = request.input;
  const runId = options.runId === undefined ? newRunId(definition.id) : checkedRunId(options.runId);
  const temporalRunId = await start(session, runId, request);
  const { version } = definition;
  return { runId, temporalRunId, startedWith: { workflow_id: definition.id, ...(version == null ? {} : { version }), definition_hash } };
}

/** A run id for a definition: its id made fit for URLs, and a UUID that sorts by time. */
export function newRunId(definitionId: string): string {
  const readable = cut(definitionId.replace(/[^A-Za-z0-9._~-]+/g, '-').replace(/^-+|-+$/g, ''), 200);
  return `${readable === '' ? 'workflow' : readable}-${uuidv7()}`;
}

function checkedRunId(runId: string): string {
  const wrong = idProblem(runId, LONGEST_RUN_ID) ?? (/\p{Cc}/u.test(runId) ? 'has control characters' : undefined);
  if (wrong !== undefined) throw new InvalidInputError('BAD_ID', `The run id ${wrong}; choose another one`);
  return runId;
}

/** Gives Temporal's id of the execution. */
async function start(session: Session, runId: string, request: StartRequest): Promise<string> {
  try {
    return await withAttributes(session, async (attributes) => {
      const handle = await timed(session, () =>
        session.client.workflow.start(WORKFLOW_TYPE, {
          ...startParameters(session, request, attributes),
          workflowId: runId,
          workflowIdReusePolicy: 'REJECT_DUPLICATE',
          workflowIdConflictPolicy: 'FAIL',
        }),
      );
      return handle.firstExecutionRunId;
    });
  } catch (error) {
    throw error instanceof WorkflowExecutionAlreadyStartedError
      ? new RunAlreadyExistsError(runId)
      : translate(session, error, runId);
  }
}
