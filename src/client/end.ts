import { randomUUID } from 'node:crypto';
import { ServiceError, WorkflowContinuedAsNewError, WorkflowFailedError, WorkflowNotFoundError } from '@temporalio/client';
import { DistriError, RunFailedError, RunNotFoundError } from '../definition/errors.js';
import type { RunSnapshot } from '../definition/snapshot.js';
import { completedEnd, readEnded, type Ended } from './ended.js';
import { describe } from './info.js';
import { abortable, isStaleToken, isTransient, pause, timed, translate } from './rpc.js';
import type { Session } from './session.js';
import { hasEnded } from './snapshot.js';

const PAUSE_MS = 1_000;

/**
 * Waits for a run's end, through restarts of the server. Throws `RunFailedError` when it did not complete.
 * `started`: Temporal's id of the execution that the caller has started, which saves asking for it.
 */
export async function resultOf(session: Session, runId: string, signal: AbortSignal, started?: string): Promise<RunSnapshot> {
  const ended = await waitForEnd(session, runId, signal, started);
  const { snapshot } = ended;
  if (snapshot.status === 'completed') return snapshot;
  throw failed(runId, ended);
}

/** One long poll for each execution of the run; what is not plainly a completed one is read by its description. */
async function waitForEnd(session: Session, runId: string, signal: AbortSignal, started: string | undefined): Promise<Ended> {
  let execution = started;
  for (;;) {
    try {
      if (execution === undefined) {
        const described = await describe(session, runId);
        if (hasEnded(described)) return await readEnded(session, described);
        execution = described.execution.runId;
      }
      const handle = session.client.workflow.getHandle(runId, execution, { followRuns: false });
      const ended = completedEnd(execution, await abortable(session, signal, () => handle.result()));
      if (ended !== undefined) return ended;
      execution = undefined;
    } catch (error) {
      signal.throwIfAborted();
      execution = error instanceof WorkflowContinuedAsNewError ? error.newExecutionRunId : undefined;
      if (execution !== undefined || error instanceof WorkflowFailedError) continue;
      if (!mayPass(error) && isAboutTheCall(error)) throw translate(session, error, runId);
      await pause(PAUSE_MS, signal);
    }
  }
}

/** Whether waiting goes on: the server is away for now. */
function mayPass(error: unknown): boolean {
  return error instanceof DistriError ? error.code === 'NO_TEMPORAL_SERVER' : isTransient(error) || isStaleToken(error);
}

/** Else the end was there and could not be read: reading it by its description says why. */
function isAboutTheCall(error: unknown): boolean {
  return error instanceof DistriError || error instanceof ServiceError || error instanceof WorkflowNotFoundError;
}

function failed(runId: string, { snapshot, reason }: Ended): RunFailedError {
  const told = reason ?? snapshot.error ?? failedStep(snapshot) ?? 'no reason is known';
  return snapshot.status === 'canceled'
    ? new RunFailedError('RUN_CANCELED', `Run '${runId}' was canceled: ${told}`, snapshot)
    : new RunFailedError('RUN_FAILED', `Run '${runId}' failed: ${told}`, snapshot);
}

/** A guess where the run itself left no reason: failed steps may be such as did not fail it. */
function failedStep({ steps }: RunSnapshot): string | undefined {
  const [stepId, step] = Object.entries(steps).find(([, candidate]) => candidate.status === 'failed') ?? [];
  return stepId === undefined ? undefined : `Step '${stepId}': ${step?.error ?? 'it failed'}`;
}

/** Asks a run to cancel, with a reason that its history keeps. Nothing happens when it has ended. */
export async function cancelRun(session: Session, runId: string, reason: string): Promise<void> {
  await describe(session, runId);
  try {
    const request = {
      namespace: session.namespace,
      workflowExecution: { workflowId: runId },
      identity: session.client.options.identity,
      requestId: randomUUID(),
      reason,
    };
    await timed(session, () => session.client.workflowService.requestCancelWorkflowExecution(request));
  } catch (error) {
    ignoreEnded(session, error, runId);
  }
}

/** Ends a run at once, whatever it does. Nothing happens when it has ended. */
export async function terminateRun(session: Session, runId: string, reason: string): Promise<void> {
  await describe(session, runId);
  try {
    await timed(session, () => session.client.workflow.getHandle(runId).terminate(reason));
  } catch (error) {
    ignoreEnded(session, error, runId);
  }
}

function ignoreEnded(session: Session, error: unknown, runId: string): void {
  const translated = translate(session, error, runId);
  // It was there a moment ago: not found now means that it is over.
  if (!(translated instanceof RunNotFoundError)) throw translated;
}
