import { WORKFLOW_TYPE } from '../definition/messages.js';
import { DistriError, InvalidInputError } from '../definition/errors.js';
import type { RunStatus } from '../definition/snapshot.js';
import { keyword } from '../definition/text.js';
import { lacksAttributes, quoted } from '../temporal/visibility.js';
import { ADD_ATTRIBUTES } from './attributes.js';
import { infoOf, type RunInfo } from './info.js';
import { timed, translate } from './rpc.js';
import type { Session } from './session.js';

/** Which runs to list; all conditions must hold. */
export interface RunFilter {
  status?: RunStatus;
  /** Id of a definition. */
  workflowId?: string;
  /** A skill that a blocked run lacks. */
  missingSkill?: string;
  owner?: string;
  /** The id of the run that started them: its children. */
  parentRunId?: string;
  /** The version of the definition, for definitions whose version is a whole number. */
  version?: number;
  /** Only runs that started at this time (ISO 8601) or later. */
  startedAfter?: string;
  /** Only runs that started before this time (ISO 8601). */
  startedBefore?: string;
  /** Only runs that have not ended. */
  open?: boolean;
  /** At most this many. Default: all. */
  limit?: number;
}

const PAGE = 200;

/** Lists runs, newest first. Visibility lags by up to a few seconds. */
export async function* listRuns(session: Session, filter: RunFilter): AsyncGenerator<RunInfo, void> {
  let left = filter.limit ?? Number.POSITIVE_INFINITY;
  if (left <= 0) return;
  for await (const run of matching(session, filter)) {
    yield run;
    left -= 1;
    if (left <= 0) return;
  }
}

async function* matching(session: Session, filter: RunFilter): AsyncGenerator<RunInfo, void> {
  try {
    const conditions = [...baseConditions(filter), ...ownConditions(filter)];
    for await (const run of query(session, conditions, filter.limit)) if (isOf(run, filter)) yield run;
  } catch (error) {
    if (!lacksAttributes(error)) throw translate(session, error, '');
    yield* degraded(session, filter);
  }
}

/** Without our search attributes Temporal knows open from ended, and the memo the rest; what a run lacks is unknown. */
async function* degraded(session: Session, filter: RunFilter): AsyncGenerator<RunInfo, void> {
  const { status, missingSkill, version } = filter;
  if (missingSkill !== undefined || version !== undefined || status === 'paused' || status === 'blocked' || status === 'pending') {
    const asked =
      missingSkill !== undefined ? `the missing skill '${missingSkill}'` : version !== undefined ? 'version' : `the status '${status}'`;
    throw new DistriError('SEARCH_ATTRIBUTES_MISSING', `Runs cannot be listed by ${asked}`, { hint: ADD_ATTRIBUTES });
  }
  for await (const run of query(session, baseConditions(filter), filter.limit)) if (isOf(run, filter)) yield run;
}

/** Different long ids may look the same to visibility, which has them cut. */
function isOf(run: RunInfo, { workflowId, owner }: RunFilter): boolean {
  return (
    (workflowId === undefined || run.workflow_id === workflowId || run.workflow_id === keyword(workflowId)) &&
    (owner === undefined || run.owner === owner || run.owner === keyword(owner))
  );
}

/** The runs that a visibility query finds. Throws the server's own errors. */
async function* query(session: Session, conditions: string[], limit: number | undefined): AsyncGenerator<RunInfo, void> {
  let nextPageToken: Uint8Array | null | undefined;
  do {
    const request = {
      namespace: session.namespace,
      query: conditions.join(' AND '),
      pageSize: Math.min(PAGE, limit ?? PAGE),
      ...(nextPageToken ? { nextPageToken } : {}),
    };
    const page = await timed(session, () => session.client.workflowService.listWorkflowExecutions(request));
    for (const raw of page.executions ?? []) yield await infoOf(session, raw);
    nextPageToken = page.nextPageToken;
  } while (nextPageToken && nextPageToken.length > 0);
}

/** Conditions that every namespace can answer: Temporal's own status decides for ended runs. */
function baseConditions({ status, open, parentRunId, startedAfter, startedBefore }: RunFilter): string[] {
  return [
    `WorkflowType = ${quoted(WORKFLOW_TYPE)}`,
    ...(parentRunId === undefined ? [] : [`ParentWorkflowId = ${quoted(parentRunId)}`]),
    executionStatus(status),
    ...(open === true ? [`ExecutionStatus = 'Running'`] : []),
    ...(startedAfter === undefined ? [] : [`StartTime >= ${time('startedAfter', startedAfter)}`]),
    ...(startedBefore === undefined ? [] : [`StartTime < ${time('startedBefore', startedBefore)}`]),
  ];
}

function time(field: string, text: string): string {
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw new InvalidInputError('INVALID_INPUT', `${field} must be a time such as 2027-01-31T09:00:00Z, not '${text}'`);
  return quoted(new Date(at).toISOString());
}

function executionStatus(status: RunStatus | undefined): string {
  switch (status) {
    case undefined:
      return `ExecutionStatus != 'ContinuedAsNew'`;
    case 'completed':
      return `ExecutionStatus = 'Completed'`;
    case 'failed':
      return `ExecutionStatus IN ('Failed', 'Terminated', 'TimedOut')`;
    case 'canceled':
      return `ExecutionStatus = 'Canceled'`;
    case 'pending':
    case 'running':
    case 'paused':
    case 'blocked':
      return `ExecutionStatus = 'Running'`;
  }
}

function ownConditions({ status, workflowId, missingSkill, owner, version }: RunFilter): string[] {
  const open = status === 'running' || status === 'paused' || status === 'blocked' || status === 'pending';
  return [
    ...(open ? [`DistriStatus = ${quoted(status)}`] : []),
    ...(workflowId === undefined ? [] : [`DistriWorkflowId = ${quoted(keyword(workflowId))}`]),
    ...(missingSkill === undefined ? [] : [`DistriMissingSkills = ${quoted(keyword(missingSkill))}`]),
    ...(owner === undefined ? [] : [`DistriOwner = ${quoted(keyword(owner))}`]),
    ...(version === undefined ? [] : [`DistriVersion = ${Math.trunc(version)}`]),
  ];
}
