import { condition, continueAsNew, defineQuery, defineSignal, scheduleActivity, setHandler, workflowInfo } from '@temporalio/workflow';
import type { EventsPage, FinalRecord, RunInput, StepTask } from '../../src/definition/messages.js';
import type { LoggedEvent, RunSnapshot } from '../../src/definition/snapshot.js';

/** Stands in for a long run: does one step, continues as new when it is told to, and ends when it is told again. */
export async function distriWorkflow(input: Omit<RunInput, 'carried'> & { carried?: LoggedEvent[] }): Promise<FinalRecord> {
  const workflow_id = input.definition.id;
  const events: LoggedEvent[] = input.carried ?? [];
  const at = new Date().toISOString();
  let told = false;
  setHandler(defineSignal('go'), () => {
    told = true;
  });
  const snapshot: RunSnapshot = {
    run_id: workflowInfo().workflowId,
    workflow_id,
    definition_hash: '',
    status: 'completed',
    steps: {},
    context: {},
    warnings: [],
    started_at: at,
    completed_at: at,
  };
  setHandler(defineQuery<EventsPage, [number]>('events'), (after) => ({
    events: events.filter((event) => event.seq > after),
    last_seq: events.length,
    gap: false,
  }));
  if (input.carried === undefined) {
    events.push({ event: 'workflow_started', seq: 1, at, workflow_id, total_steps: 1 });
    const task: StepTask = { workflow_id, kind: { type: 'tool_call', tool_name: 'x' } };
    await scheduleActivity('tool_call', [task], { activityId: 'draft', startToCloseTimeout: '1 minute' });
    events.push({ event: 'step_completed', seq: 2, at, workflow_id, step_id: 'draft', step_label: 'draft', result: 7 });
  }
  await condition(() => told);
  if (input.carried === undefined) return continueAsNew<typeof distriWorkflow>({ ...input, carried: events });
  events.push({ event: 'workflow_completed', seq: 3, at, workflow_id, status: 'completed', steps_done: 1, steps_failed: 0 });
  return { snapshot, input: {}, events };
}
