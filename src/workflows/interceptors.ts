import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import type { WorkflowInterceptors, WorkflowInternalsInterceptor } from '@temporalio/workflow';
import { MOST_INLINE_BYTES } from '../definition/messages.js';
import { UNREADABLE } from '../definition/read-argument.js';
import { messageOf } from '../definition/text.js';
import { beginActivation } from './activation.js';

/** Names that begin so are the SDK's own; it fails the workflow task for a signal of one that it does not know. */
const RESERVED = '__temporal_';

type Jobs = NonNullable<Parameters<NonNullable<WorkflowInternalsInterceptor['activate']>>[0]['activation']['jobs']>;
type Job = Jobs[number];

/**
 * Makes every message one that a handler of ours gets to see, whatever somebody sends: the SDK fails the workflow task for an
 * argument that it cannot read, again on each replay, and the message stays in the history.
 */
export function interceptors(): WorkflowInterceptors {
  return {
    internals: [
      {
        activate(input, next) {
          const jobs = input.activation.jobs ?? [];
          beginActivation(jobs.some(takesEffect));
          for (const job of jobs) mend(job);
          leaveOutLarge(jobs);
          next(input);
        },
      },
    ],
  };
}

function takesEffect({ doUpdate, notifyHasPatch, updateRandomSeed, removeFromCache }: Job): boolean {
  return !doUpdate && !notifyHasPatch && !updateRandomSeed && !removeFromCache;
}

function mend({ signalWorkflow, queryWorkflow }: Job): void {
  if (signalWorkflow) {
    signalWorkflow.input = readable(signalWorkflow.input);
    if (signalWorkflow.signalName?.startsWith(RESERVED)) signalWorkflow.signalName = `'${signalWorkflow.signalName}'`;
  }
  if (queryWorkflow) queryWorkflow.arguments = readable(queryWorkflow.arguments);
}

/**
 * Takes only as many new updates as fit a workflow task together: it repeats also those that it refuses, and one that becomes too
 * large for gRPC makes the server terminate the run. Of an update that the task says nothing about the server tells its sender.
 */
function leaveOutLarge(jobs: Jobs): void {
  let bytes = 0;
  for (let at = 0; at < jobs.length; at += 1) {
    const { doUpdate } = jobs[at] as Job;
    if (!doUpdate?.runValidator) continue;
    const size = (doUpdate.input ?? []).reduce((sum, { data }) => sum + (data?.length ?? 0), 0);
    if (bytes > 0 && bytes + size > MOST_INLINE_BYTES) {
      jobs.splice(at, 1);
      at -= 1;
    } else {
      bytes += size;
    }
  }
}

/** The payloads, or when one cannot be read a single one that says so. */
function readable<P extends Payload>(payloads: P[] | null | undefined): P[] {
  try {
    for (const payload of payloads ?? []) defaultPayloadConverter.fromPayload(payload);
    return payloads ?? [];
  } catch (error) {
    return [defaultPayloadConverter.toPayload({ [UNREADABLE]: messageOf(error) }) as P];
  }
}
