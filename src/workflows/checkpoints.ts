import { ActivityCancellationType, scheduleActivity, workflowInfo } from '@temporalio/workflow';
import { skillQueue, type StepTask } from '../definition/messages.js';
import { cut, messageOf, wellFormed } from '../definition/text.js';
import type { Bell } from './bell.js';
import type { TaskClock } from './clock.js';
import type { RunMachine } from './machine.js';
import type { RunIdentity } from './observe.js';

/** With `checkpoint: external`, the named tool is called after each step that is done. A failing save is a warning. */
export class ExternalCheckpoints {
  readonly #prefix = workflowInfo().taskQueue;
  #pending = 0;

  constructor(
    private readonly machine: RunMachine,
    private readonly identity: RunIdentity,
    private readonly bell: Bell,
    private readonly clock: TaskClock,
  ) {}

  get settled(): boolean {
    return this.#pending === 0;
  }

  saveNew(): void {
    const strategy = this.machine.plan.definition.checkpoint;
    const done = this.machine.takeDone();
    if (strategy?.type !== 'external') return;
    for (const index of done) void this.#save(strategy.tool_name, index);
  }

  async #save(toolName: string, index: number): Promise<void> {
    const stepId = this.machine.plan.steps[index]?.id ?? '';
    this.#pending += 1;
    try {
      const skill = this.machine.gate.skillOfTool(toolName);
      if (skill === undefined) throw new Error(`no worker offers the tool '${toolName}'`);
      await scheduleActivity('tool_call', [this.#task(toolName, stepId)], {
        activityId: `~checkpoint~${index}`,
        taskQueue: skillQueue(this.#prefix, skill),
        summary: wellFormed(cut(`checkpoint after ${stepId}`, 200)),
        startToCloseTimeout: '10 minutes',
        scheduleToStartTimeout: '5 minutes',
        heartbeatTimeout: '15 seconds',
        cancellationType: ActivityCancellationType.TRY_CANCEL,
        allowEagerDispatch: false,
        retry: { maximumAttempts: 10 },
      });
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      this.machine.now = this.clock.now();
      this.machine.warn({
        code: 'CHECKPOINT_FAILED',
        message: `The checkpoint after step '${stepId}' was not saved: ${messageOf(cause)}`,
        step_id: stepId,
      });
    }
    this.#pending -= 1;
    this.bell.ring();
  }

  /** The tool gets its argument as the context, so that no text in the state is taken for a reference. */
  #task(toolName: string, stepId: string): StepTask {
    const { definition } = this.machine.plan;
    return {
      workflow_id: definition.id,
      step_id: stepId,
      kind: { type: 'tool_call', tool_name: toolName },
      context: {
        action: 'save',
        workflow_id: definition.id,
        run_id: this.identity.runId,
        step_id: stepId,
        checkpoint_id: `${this.identity.runId}/${stepId}`,
        created_at: new Date(this.machine.now).toISOString(),
        state: this.machine.context(),
      },
    };
  }
}
