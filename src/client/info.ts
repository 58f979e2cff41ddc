import { decodeTypedSearchAttributes } from '@temporalio/common/lib/converter/payload-search-attributes.js';
import { optionalTsToDate } from '@temporalio/common/lib/time.js';
import proto from '@temporalio/proto';
import type { temporal } from '@temporalio/proto';
import { attributeKeys } from '../definition/attributes.js';
import { WORKFLOW_TYPE } from '../definition/messages.js';
import { RUN_STATUSES, type RunStatus } from '../definition/snapshot.js';
import { decode } from './history.js';
import { RunNotFoundError } from '../definition/errors.js';
import { isObject } from '../definition/json.js';
import { keyword } from '../definition/text.js';
import { timed, translate } from './rpc.js';
import type { Session } from './session.js';
import type { TriggerOrigin } from './start-request.js';

type RawInfo = temporal.api.workflow.v1.IWorkflowExecutionInfo;
export type RawDescription = temporal.api.workflowservice.v1.IDescribeWorkflowExecutionResponse;
const Status = proto.temporal.api.enums.v1.WorkflowExecutionStatus;

/** A run as a list shows it. Times are ISO 8601 UTC. */
export interface RunInfo {
  run_id: string;
  temporal_run_id: string;
  /** The definition's id. */
  workflow_id: string;
  name?: string;
  status: RunStatus;
  version?: number;
  definition_hash?: string;
  /** Skills that the run's due steps lack. */
  missing?: string[];
  owner?: string;
  /** Of a rerun: the id of the run whose results it began with. */
  rerun_of?: string;
  /** Of a child: the id of the run that started it. */
  parent_run_id?: string;
  /** The start option `requestHash`. */
  request_hash?: string;
  /** The trigger that started it. */
  trigger?: TriggerOrigin;
  started_at: string;
  completed_at?: string;
}

/** How Temporal says that a run ended; undefined: it has not. */
export type End = 'completed' | 'failed' | 'canceled' | 'terminated' | 'timed_out';

/** How an execution ended; one that continued as new counts as open, for its run goes on. */
function endOf(status: temporal.api.enums.v1.WorkflowExecutionStatus | null | undefined): End | undefined {
  switch (status) {
    case Status.WORKFLOW_EXECUTION_STATUS_COMPLETED:
      return 'completed';
    case Status.WORKFLOW_EXECUTION_STATUS_FAILED:
      return 'failed';
    case Status.WORKFLOW_EXECUTION_STATUS_CANCELED:
      return 'canceled';
    case Status.WORKFLOW_EXECUTION_STATUS_TERMINATED:
      return 'terminated';
    case Status.WORKFLOW_EXECUTION_STATUS_TIMED_OUT:
      return 'timed_out';
    default:
      return undefined;
  }
}

/** The run status that an end shows as. */
export function statusOfEnd(end: End): 'completed' | 'failed' | 'canceled' {
  return end === 'terminated' || end === 'timed_out' ? 'failed' : end;
}

async function memoOf(session: Session, raw: RawInfo): Promise<{ [key: string]: unknown }> {
  const memo: { [key: string]: unknown } = {};
  for (const [key, payload] of Object.entries(raw.memo?.fields ?? {})) {
    // A list must not fail because one run was started with another codec.
    [memo[key]] = await decode(session, raw.execution?.workflowId ?? '', { payloads: [payload] }).catch(() => []);
  }
  return memo;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function triggerOf(value: unknown): TriggerOrigin | undefined {
  if (!isObject(value)) return undefined;
  const { id, type } = value;
  return typeof id === 'string' && typeof type === 'string' ? { id, type } : undefined;
}

/** Texts of a run that were read from search attributes, which hold them cut and changed: its memo is absent or cannot be read. */
const indexedOnly = new WeakSet<RunInfo>();

/** Whether a text of a run is this one, as far as what Temporal holds of the run can say. */
export function isText(run: RunInfo, field: 'workflow_id' | 'owner', text: string): boolean {
  return run[field] === text || (indexedOnly.has(run) && run[field] === keyword(text));
}

/** What Temporal's record of a run says. The memo holds whole values, the search attributes cut ones. */
export async function infoOf(session: Session, raw: RawInfo): Promise<RunInfo> {
  const attributes = decodeTypedSearchAttributes(raw.searchAttributes?.indexedFields);
  const memo = await memoOf(session, raw);
  const end = endOf(raw.status);
  const written = attributes.get(attributeKeys.status);
  const open = RUN_STATUSES.find((status) => status === written) ?? 'running';
  const name = text(memo.name);
  const hash = text(memo.definition_hash);
  const owner = text(memo.owner) ?? attributes.get(attributeKeys.owner);
  const rerunOf = text(memo.rerun_of);
  const requestHash = text(memo.request_hash);
  const trigger = triggerOf(memo.trigger);
  const version = attributes.get(attributeKeys.version);
  const missing = end === undefined ? attributes.get(attributeKeys.missing) : undefined;
  const started = optionalTsToDate(raw.startTime);
  const closed = optionalTsToDate(raw.closeTime);
  const info: RunInfo = {
    run_id: raw.execution?.workflowId ?? '',
    temporal_run_id: raw.execution?.runId ?? '',
    workflow_id: text(memo.workflow_id) ?? attributes.get(attributeKeys.workflowId) ?? '',
    ...(name === undefined ? {} : { name }),
    status: end === undefined ? open : statusOfEnd(end),
    ...(version === undefined ? {} : { version }),
    ...(hash === undefined ? {} : { definition_hash: hash }),
    ...(missing === undefined || missing.length === 0 ? {} : { missing }),
    ...(owner === undefined ? {} : { owner }),
    ...(rerunOf === undefined ? {} : { rerun_of: rerunOf }),
    ...(raw.parentExecution?.workflowId ? { parent_run_id: raw.parentExecution.workflowId } : {}),
    ...(requestHash === undefined ? {} : { request_hash: requestHash }),
    ...(trigger === undefined ? {} : { trigger }),
    started_at: (started ?? new Date(0)).toISOString(),
    ...(closed === undefined ? {} : { completed_at: closed.toISOString() }),
  };
  if (text(memo.workflow_id) === undefined) indexedOnly.add(info);
  return info;
}

/** A run as Temporal describes it at this moment. */
export interface Described {
  readonly execution: { readonly workflowId: string; readonly runId: string };
  readonly end: End | undefined;
  readonly raw: RawDescription;
}

/** Describes a run, by default its current execution. Throws `RunNotFoundError`, also for workflows of other types. */
export async function describe(session: Session, runId: string, temporalRunId?: string): Promise<Described> {
  let raw: RawDescription;
  try {
    raw = await timed(session, () =>
      session.client.workflowService.describeWorkflowExecution({
        namespace: session.namespace,
        execution: { workflowId: runId, ...(temporalRunId === undefined ? {} : { runId: temporalRunId }) },
      }),
    );
  } catch (error) {
    throw translate(session, error, runId);
  }
  const info = raw.workflowExecutionInfo;
  if (!info || info.type?.name !== WORKFLOW_TYPE) throw new RunNotFoundError(runId);
  return { execution: { workflowId: runId, runId: info.execution?.runId ?? '' }, end: endOf(info.status), raw };
}
