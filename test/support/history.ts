import type { Client } from '@temporalio/client';
import type proto from '@temporalio/proto';

type HistoryEvent = proto.temporal.api.history.v1.IHistoryEvent;

async function eventsOf(client: Client, workflowId: string): Promise<HistoryEvent[]> {
  return (await client.workflow.getHandle(workflowId).fetchHistory()).events ?? [];
}

/**
 * How the attempts ended before the last one of each activity that was tried again: its worker handed it back, or was
 * lost, which the server learns by a missing heartbeat much later; else the failure's message.
 */
export async function lossesOf(client: Client, workflowId: string): Promise<string[]> {
  return (await eventsOf(client, workflowId)).flatMap(({ activityTaskStartedEventAttributes: started }) => {
    if (!started?.lastFailure) return [];
    const { timeoutFailureInfo, applicationFailureInfo, message } = started.lastFailure;
    if (timeoutFailureInfo) return ['lost'];
    return [applicationFailureInfo?.type === 'WORKER_LOST' ? 'handed back' : (message ?? '')];
  });
}

/** How a blocked run learned that what it lacked is there: its own check `found` it, or it was `told` before. */
export async function wayUnblocked(client: Client, workflowId: string): Promise<'found' | 'told'> {
  const events = await eventsOf(client, workflowId);
  const checks = events.filter((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'await_requirements');
  if (checks.length === 0) throw new Error(`'${workflowId}' was never blocked`);
  const ids = new Set(checks.map(({ eventId }) => String(eventId)));
  const found = events.some(({ activityTaskCompletedEventAttributes: done }) => done && ids.has(String(done.scheduledEventId)));
  return found ? 'found' : 'told';
}
