import { ApplicationFailure, ServiceError, WorkflowFailedError, WorkflowNotFoundError } from '@temporalio/client';
import { optionalTsToDate } from '@temporalio/common/lib/time.js';
import { deepestCause } from '../definition/ending.js';
import { eventsOfFinal, snapshotOfFinal } from '../definition/final.js';
import { isObject } from '../definition/json.js';
import type { FinalRecord } from '../definition/messages.js';
import type { LoggedEvent, RunSnapshot } from '../definition/snapshot.js';
import { backward, localResult, type Execution, type HistoryEvent } from './history.js';
import { statusOfEnd, type Described, type End } from './info.js';
import { retell } from './retell.js';
import { translate, unreadable } from './rpc.js';
import type { Session } from './session.js';

/** The local activity that writes the final record just before a cancel. */
const FINAL_SNAPSHOT = 'final_snapshot';

/** What an ended run left. `events`: the newest of its log; undefined when the run left none. */
export interface Ended {
  snapshot: RunSnapshot;
  events: LoggedEvent[] | undefined;
  /** Why it did not complete, in a sentence that names the step. */
  reason?: string;
}

/** Reads an ended run from its history; no worker is needed. */
export async function readEnded(session: Session, described: Described & { end: End }): Promise<Ended> {
  const { execution, end } = described;
  const { record, error } = await finalRecord(session, execution, end);
  if (record !== undefined) {
    const ended = endOfRecord(record, execution.runId);
    if (end === 'canceled' && error !== undefined) ended.snapshot.error = error;
    return { ...ended, ...(error === undefined ? {} : { reason: error }) };
  }
  const closed = optionalTsToDate(described.raw.workflowExecutionInfo?.closeTime);
  const snapshot = await retell(session, execution, {
    status: statusOfEnd(end),
    ...(error === undefined ? {} : { error }),
    completed_at: (closed ?? new Date()).toISOString(),
  });
  return {
    snapshot: { ...snapshot, temporal_run_id: execution.runId },
    events: undefined,
    ...(error === undefined ? {} : { reason: error }),
  };
}

/** What a completed execution left, by its result; undefined when that is none of ours. */
export function completedEnd(temporalRunId: string, result: unknown): Ended | undefined {
  return isFinalRecord(result) ? endOfRecord(result, temporalRunId) : undefined;
}

function endOfRecord(record: FinalRecord, temporalRunId: string): Ended {
  return { snapshot: { ...snapshotOfFinal(record), temporal_run_id: temporalRunId }, events: eventsOfFinal(record) };
}

interface Found {
  record?: FinalRecord;
  error?: string;
}

async function finalRecord(session: Session, execution: Execution, end: End): Promise<Found> {
  switch (end) {
    case 'completed':
    case 'failed': {
      const found = await resultRecord(session, execution);
      return found.record === undefined ? { ...found, ...(await childRecord(session, execution)) } : found;
    }
    case 'canceled':
      return markerRecord(session, execution);
    case 'terminated':
    case 'timed_out':
      return { error: await reasonOf(session, execution) };
  }
}

/** The record that is the result of a completed run, or the details of the failure of a failed one. */
async function resultRecord(session: Session, execution: Execution): Promise<Found> {
  const handle = session.client.workflow.getHandle(execution.workflowId, execution.runId);
  try {
    return recordOf(await handle.result());
  } catch (error) {
    if (error instanceof WorkflowFailedError) {
      const { cause } = error;
      const record = cause instanceof ApplicationFailure ? recordOf(cause.details?.[0]) : {};
      return { ...record, error: deepestCause(cause ?? error).message };
    }
    if (error instanceof ServiceError || error instanceof WorkflowNotFoundError) {
      throw translate(session, error, execution.workflowId);
    }
    throw unreadable(error);
  }
}

/** The record in the newest marker of `final_snapshot`, and why the run was canceled. */
async function markerRecord(session: Session, execution: Execution): Promise<Found> {
  let found: Found = {};
  for await (const event of backward(session, execution)) {
    const request = event.workflowExecutionCancelRequestedEventAttributes;
    if (request) return { ...found, error: request.cause ? `The run was canceled: ${request.cause}` : 'The run was canceled' };
    if (found.record === undefined) found = await finalMarker(session, execution, event);
  }
  return { ...found, error: 'The run was canceled' };
}

/** The record of a child, which leaves its parent only what that needs. */
async function childRecord(session: Session, execution: Execution): Promise<Pick<Found, 'record'>> {
  for await (const event of backward(session, execution)) {
    const found = await finalMarker(session, execution, event);
    if (found.record !== undefined) return { record: found.record };
  }
  return {};
}

async function finalMarker(session: Session, execution: Execution, event: HistoryEvent): Promise<Found> {
  return recordOf(await localResult(session, execution, event, FINAL_SNAPSHOT));
}

/** Who ended the run from outside, and why. */
async function reasonOf(session: Session, execution: Execution): Promise<string> {
  for await (const event of backward(session, execution)) {
    const terminated = event.workflowExecutionTerminatedEventAttributes;
    if (terminated) return terminated.reason ? `terminated: ${terminated.reason}` : 'terminated';
    if (event.workflowExecutionTimedOutEventAttributes) return 'timed out: the execution timeout of the run has passed';
  }
  return 'terminated';
}

function recordOf(value: unknown): Found {
  return isFinalRecord(value) ? { record: value } : {};
}

function isFinalRecord(value: unknown): value is FinalRecord {
  return isObject(value) && isObject(value.snapshot) && isObject(value.snapshot.steps) && Array.isArray(value.events);
}
