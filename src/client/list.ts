import { WORKFLOW_TYPE } from '../definition/messages.js';
import { DistriError, InvalidInputError } from '../definition/errors.js';
import { isObject } from '../definition/json.js';
import type { RunStatus } from '../definition/snapshot.js';
import { keyword } from '../definition/text.js';
import { hasText, lacksAttributes, quoted } from '../temporal/visibility.js';
import { ADD_ATTRIBUTES } from './attributes.js';
import { infoOf, isText, type RunInfo } from './info.js';
import { GRPC } from '../temporal/errors.js';
import { grpcCode, timed, translate } from './rpc.js';
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
  /** Only runs that ended at this time (ISO 8601) or later. */
  endedAfter?: string;
  /** Only runs that ended before this time (ISO 8601). */
  endedBefore?: string;
  /** Only runs that have not ended. */
  open?: boolean;
  /** At most this many. Default: all. */
  limit?: number;
}

/** A page of a list. `next`: where the next one begins; absent on the last one. */
export interface RunPage {
  runs: RunInfo[];
  next?: string;
}

const PAGE = 200;
const LARGEST_PAGE = 1_000;

/** Lists runs, newest first. Visibility lags by up to a few seconds. */
export async function* listRuns(session: Session, filter: RunFilter): AsyncGenerator<RunInfo, void> {
  let left = filter.limit ?? Number.POSITIVE_INFINITY;
  let after: string | undefined;
  while (left > 0) {
    const { runs, next } = await listRunsPage(session, { ...filter, limit: Math.min(PAGE, left) }, after);
    for (const run of runs) {
      yield run;
      left -= 1;
    }
    if (next === undefined) return;
    after = next;
  }
}

/** One page of the list, which begins after the page whose `next` is given. Throws `BAD_REQUEST` for a `next` of no page. */
export async function listRunsPage(session: Session, filter: RunFilter, after: string | undefined): Promise<RunPage> {
  if (after !== undefined && !looksLikePlace(after)) throw noPlace();
  try {
    return await matching(session, filter, after);
  } catch (error) {
    if (after !== undefined && (await isRefusedPlace(session, error))) {
      throw noPlace(error);
    }
    throw translate(session, error, '');
  }
}

/** Whether a page may have given it: the server's tokens are JSON objects. It tries again and again to read anything else. */
function looksLikePlace(after: string): boolean {
  try {
    return isObject(JSON.parse(Buffer.from(after, 'base64url').toString()));
  } catch {
    return false;
  }
}

function noPlace(cause?: unknown): DistriError {
  return new DistriError('BAD_REQUEST', 'The list cannot be continued there: the place is none that a page of it has given', { cause });
}

/** Whether it is the place that the server refuses: of some it says nothing but that something went wrong, until time is up. */
async function isRefusedPlace(session: Session, error: unknown): Promise<boolean> {
  const code = grpcCode(error);
  if (code !== GRPC.UNKNOWN && code !== GRPC.INTERNAL && code !== GRPC.DEADLINE_EXCEEDED) return code === GRPC.INVALID_ARGUMENT;
  return listRunsPage(session, { limit: 1 }, undefined).then(
    () => true,
    () => false,
  );
}

async function matching(session: Session, filter: RunFilter, after: string | undefined): Promise<RunPage> {
  const conditions = [...baseConditions(filter), ...ownConditions(filter)];
  try {
    return await query(session, conditions, filter, after);
  } catch (error) {
    if (!lacksAttributes(error)) throw error;
    checkDegraded(filter);
    return query(session, baseConditions(filter), filter, after);
  }
}

/** Without our search attributes Temporal knows open from ended, and the memo the rest; what a run lacks is unknown. */
function checkDegraded({ status, missingSkill, version }: RunFilter): void {
  const asked =
    missingSkill !== undefined
      ? `the missing skill '${missingSkill}'`
      : version !== undefined
        ? 'version'
        : status === 'paused' || status === 'blocked' || status === 'pending'
          ? `the status '${status}'`
          : undefined;
  if (asked !== undefined) throw new DistriError('SEARCH_ATTRIBUTES_MISSING', `Runs cannot be listed by ${asked}`, { hint: ADD_ATTRIBUTES });
}

/** Visibility finds more than was asked for: it has texts cut and changed, and lists of skills without regard to case. */
function isOf(run: RunInfo, { workflowId, owner, parentRunId, missingSkill }: RunFilter): boolean {
  return (
    (workflowId === undefined || isText(run, 'workflow_id', workflowId)) &&
    (owner === undefined || isText(run, 'owner', owner)) &&
    (parentRunId === undefined || run.parent_run_id === parentRunId) &&
    (missingSkill === undefined || run.missing?.includes(missingSkill) === true)
  );
}

/** A page of the runs that a visibility query finds. Throws the server's own errors. */
async function query(session: Session, conditions: string[], filter: RunFilter, after: string | undefined): Promise<RunPage> {
  const request = {
    namespace: session.namespace,
    query: conditions.join(' AND '),
    pageSize: Math.min(LARGEST_PAGE, filter.limit ?? PAGE),
    ...(after === undefined ? {} : { nextPageToken: Buffer.from(after, 'base64url') }),
  };
  const page = await timed(session, () => session.client.workflowService.listWorkflowExecutions(request));
  const runs = await Promise.all((page.executions ?? []).map((raw) => infoOf(session, raw)));
  const next = page.nextPageToken && page.nextPageToken.length > 0 ? Buffer.from(page.nextPageToken).toString('base64url') : undefined;
  return { runs: runs.filter((run) => isOf(run, filter)), ...(next === undefined ? {} : { next }) };
}

/** Conditions that every namespace can answer: Temporal's own status decides for ended runs. */
function baseConditions({ status, open, parentRunId, startedAfter, startedBefore, endedAfter, endedBefore }: RunFilter): string[] {
  return [
    `WorkflowType = ${quoted(WORKFLOW_TYPE)}`,
    ...(parentRunId === undefined ? [] : [hasText('ParentWorkflowId', parentRunId)]),
    executionStatus(status),
    ...(open === true ? [`ExecutionStatus = 'Running'`] : []),
    ...(startedAfter === undefined ? [] : [`StartTime >= ${time('startedAfter', startedAfter)}`]),
    ...(startedBefore === undefined ? [] : [`StartTime < ${time('startedBefore', startedBefore)}`]),
    ...(endedAfter === undefined ? [] : [`CloseTime >= ${time('endedAfter', endedAfter)}`]),
    ...(endedBefore === undefined ? [] : [`CloseTime < ${time('endedBefore', endedBefore)}`]),
  ];
}

function time(field: string, text: string): string {
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw new InvalidInputError('INVALID_INPUT', `${field} must be a time such as 2027-01-31T09:00:00Z, not '${text}'`);
  return quoted(new Date(at).toISOString());
}

function whole(version: number): number {
  if (Number.isSafeInteger(version)) return version;
  throw new InvalidInputError('INVALID_INPUT', `version must be a whole number, not ${version}`);
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
    ...(workflowId === undefined ? [] : [hasText('DistriWorkflowId', keyword(workflowId))]),
    ...(missingSkill === undefined ? [] : [`DistriMissingSkills = ${quoted(keyword(missingSkill))}`, `ExecutionStatus = 'Running'`]),
    ...(owner === undefined ? [] : [hasText('DistriOwner', keyword(owner))]),
    ...(version === undefined ? [] : [`DistriVersion = ${whole(version)}`]),
  ];
}
