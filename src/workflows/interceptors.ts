import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import type { WorkflowInterceptors, WorkflowInternalsInterceptor } from '@temporalio/workflow';
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

/** The payloads, or when one cannot be read a single one that says so. */
function readable<P extends Payload>(payloads: P[] | null | undefined): P[] {
  try {
    for (const payload of payloads ?? []) defaultPayloadConverter.fromPayload(payload);
    return payloads ?? [];
  } catch (error) {
    return [defaultPayloadConverter.toPayload({ [UNREADABLE]: messageOf(error) }) as P];
  }
}
