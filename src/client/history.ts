import {
  decodeArrayFromPayloads,
  decodeOptionalFailureToOptionalError,
  extstoreInboundOptions,
} from '@temporalio/common/lib/internal-non-workflow/index.js';
import type { temporal } from '@temporalio/proto';
import { isObject } from '../definition/json.js';
import { isStaleToken, translate, unreadable } from './rpc.js';
import type { Session } from './session.js';

export type HistoryEvent = temporal.api.history.v1.IHistoryEvent;
type Payloads = temporal.api.common.v1.IPayloads | null | undefined;
type Failure = temporal.api.failure.v1.IFailure | null | undefined;

/** One Temporal execution of a run; a run that continued as new has several. */
export interface Execution {
  workflowId: string;
  runId: string;
}

/** The events of one execution, oldest first. */
export async function* forward(session: Session, execution: Execution): AsyncGenerator<HistoryEvent> {
  const { workflowService } = session.client;
  const page = (nextPageToken: Token) => workflowService.getWorkflowExecutionHistory({ namespace: session.namespace, execution, ...tokenOf(nextPageToken) });
  yield* eachOnce(session, execution, page, (id, last) => id > last);
}

/** The events of one execution, newest first. */
export async function* backward(session: Session, execution: Execution): AsyncGenerator<HistoryEvent> {
  const { workflowService } = session.client;
  const page = (nextPageToken: Token) =>
    workflowService.getWorkflowExecutionHistoryReverse({ namespace: session.namespace, execution, maximumPageSize: 50, ...tokenOf(nextPageToken) });
  yield* eachOnce(session, execution, page, (id, last) => id < last);
}

type Token = Uint8Array | null | undefined;
interface Page {
  history?: { events?: HistoryEvent[] | null } | null;
  nextPageToken?: Token;
}

function tokenOf(nextPageToken: Token): { nextPageToken?: Uint8Array } {
  return nextPageToken && nextPageToken.length > 0 ? { nextPageToken } : {};
}

/** The events of all pages. A reading whose token the server does not take any more begins anew and tells no event twice. */
async function* eachOnce(
  session: Session,
  execution: Execution,
  read: (nextPageToken: Token) => Promise<Page>,
  comesAfter: (id: number, last: number) => boolean,
): AsyncGenerator<HistoryEvent> {
  let nextPageToken: Token;
  let last: number | undefined;
  do {
    let page: Page;
    try {
      page = await read(nextPageToken);
    } catch (error) {
      if (!nextPageToken || !isStaleToken(error)) throw translate(session, error, execution.workflowId);
      page = await call(session, execution, () => read(undefined));
    }
    for (const event of page.history?.events ?? []) {
      const id = Number(event.eventId);
      if (last !== undefined && !comesAfter(id, last)) continue;
      last = id;
      yield event;
    }
    nextPageToken = page.nextPageToken;
  } while (nextPageToken && nextPageToken.length > 0);
}

async function call<T>(session: Session, execution: Execution, rpc: () => Promise<T>): Promise<T> {
  try {
    return await rpc();
  } catch (error) {
    throw translate(session, error, execution.workflowId);
  }
}

/** The first event of an execution. */
export async function firstEvent(session: Session, execution: Execution): Promise<HistoryEvent | undefined> {
  const page = await call(session, execution, () =>
    session.client.workflowService.getWorkflowExecutionHistory({
      namespace: session.namespace,
      execution,
      maximumPageSize: 1,
    }),
  );
  return page.history?.events?.[0];
}

/** All executions of a run up to this one, oldest first. */
export async function chainOf(session: Session, last: Execution): Promise<Execution[]> {
  const chain = [last];
  for (let current = last; ; ) {
    const started = (await firstEvent(session, current))?.workflowExecutionStartedEventAttributes;
    if (!started?.continuedExecutionRunId) return chain;
    current = { workflowId: last.workflowId, runId: started.continuedExecutionRunId };
    chain.unshift(current);
  }
}

/** The values of payloads as they stand in history. Throws `CODEC_MISMATCH` or `PAYLOAD_MISSING` when they cannot be read. */
export async function decode(session: Session, workflowId: string, payloads: Payloads): Promise<unknown[]> {
  const { loadedDataConverter } = session.client.options;
  const raw = payloads?.payloads ?? [];
  if (raw.length === 0) return [];
  try {
    const stored = await extstoreInboundOptions(loadedDataConverter.externalStorage).transformPayloads(raw, undefined);
    return await decodeArrayFromPayloads(loadedDataConverter, stored, contextOf(session, workflowId));
  } catch (error) {
    throw unreadable(error);
  }
}

/** What a local activity of this type gave back, when the event is that; undefined for any other event. */
export async function localResult(session: Session, { workflowId }: Execution, event: HistoryEvent, activityType: string): Promise<unknown> {
  const details = event.markerRecordedEventAttributes?.details;
  if (!details?.result) return undefined;
  const [data] = await decode(session, workflowId, details.data);
  if (!isObject(data) || data.activity_type !== activityType) return undefined;
  const [result] = await decode(session, workflowId, details.result);
  return result;
}

/** A failure as it stands in history. */
export async function decodeFailure(session: Session, workflowId: string, failure: Failure): Promise<Error | undefined> {
  try {
    return await decodeOptionalFailureToOptionalError(
      session.client.options.loadedDataConverter,
      failure,
      contextOf(session, workflowId),
    );
  } catch {
    // Its details cannot be read; the message may still be.
    return failure?.message ? new Error(failure.message) : undefined;
  }
}

function contextOf(session: Session, workflowId: string): { type: 'workflow'; namespace: string; workflowId: string } {
  return { type: 'workflow', namespace: session.namespace, workflowId };
}
