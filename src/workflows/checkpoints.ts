import { ActivityCancellationType, patched, scheduleActivity, TimeoutFailure, workflowInfo } from '@temporalio/workflow';
import { mostValueBytes, skillQueue, type StepTask } from '../definition/messages.js';
import { messageOf, summaryOf } from '../definition/text.js';
import type { Bell } from './bell.js';
import { measured, TURN_BYTES } from './budget.js';
import type { TaskClock } from './clock.js';
import type { RunMachine } from './machine.js';
import type { RunIdentity } from './observe.js';

/** Saves that are under way at once. */
const MOST_AT_ONCE = 10;
/** A turn that sends no more than this has room for a save of any size. */
const LITTLE_BYTES = 131_072;
const QUEUE_TIMEOUT_MINUTES = 5;
/** The change by which saves stand in line: before it, all were sent at once, however many and however large. */
export const SAVES_IN_LINE = 'saves-in-line';

/**
 * With `checkpoint: external`, the named tool is called after each step that is done. A failing save is a warning. Where
 * steps are faster than saves, these stand in line, and what they save is the state of when it is their turn.
 */
export class ExternalCheckpoints {
  readonly #prefix = workflowInfo().taskQueue;
  #underWay = 0;

  constructor(
    private readonly machine: RunMachine,
    private readonly identity: RunIdentity,
    private readonly bell: Bell,
    private readonly clock: TaskClock,
    private readonly storage: boolean,
  ) {}

  /** Whether no save is under way. */
  get idle(): boolean {
    return this.#underWay === 0;
  }

  /** Whether all is saved. */
  get settled(): boolean {
    return this.idle && this.machine.unsaved.size === 0;
  }

  /** `budget`: what is left of the turn's. */
  saveNew(budget: number): void {
    const { plan, unsaved } = this.machine;
    const strategy = plan.definition.checkpoint;
    if (strategy?.type !== 'external') return;
    let left = budget;
    for (let index = unsaved.peek(); index !== undefined; index = unsaved.peek()) {
      if (this.#mustWait() && patched(SAVES_IN_LINE)) return;
      const task = this.#task(strategy.tool_name, this.#stepId(index));
      const { bytes, cost } = measured(task, this.storage);
      if (bytes > mostValueBytes(this.storage) && patched(SAVES_IN_LINE)) {
        unsaved.shift();
        this.#warn(index, tooLarge(bytes, this.storage));
        continue;
      }
      if (cost > left && TURN_BYTES - left > LITTLE_BYTES && patched(SAVES_IN_LINE)) return;
      left -= cost;
      unsaved.shift();
      void this.#save(strategy.tool_name, index, task);
    }
  }

  /** Nobody can make what checkpoints are left. */
  giveUp(why: string): void {
    const { unsaved } = this.machine;
    if (unsaved.size === 0 || !patched(SAVES_IN_LINE)) return;
    for (let index = unsaved.shift(); index !== undefined; index = unsaved.shift()) this.#warn(index, why);
  }

  /** A run that is to continue as new takes along what is not saved by then; one that is canceled does not continue. */
  #mustWait(): boolean {
    const { canceled, draining, migration } = this.machine;
    return this.#underWay >= MOST_AT_ONCE || (!canceled && (draining || migration !== undefined));
  }

  #stepId(index: number): string {
    return this.machine.plan.steps[index]?.id ?? '';
  }

  #warn(index: number, why: string): void {
    const stepId = this.#stepId(index);
    this.machine.warn({ code: 'CHECKPOINT_FAILED', message: `The checkpoint after step '${stepId}' was not saved: ${why}`, step_id: stepId });
  }

  async #save(toolName: string, index: number, task: StepTask): Promise<void> {
    this.#underWay += 1;
    try {
      const skill = this.machine.gate.skillOfTool(toolName);
      if (skill === undefined) throw new Error(`no worker offers the tool '${toolName}'`);
      await scheduleActivity('tool_call', [task], {
        activityId: `~checkpoint~${index}`,
        taskQueue: skillQueue(this.#prefix, skill),
        summary: summaryOf(`checkpoint after ${this.#stepId(index)}`),
        startToCloseTimeout: '10 minutes',
        scheduleToStartTimeout: `${QUEUE_TIMEOUT_MINUTES} minutes`,
        heartbeatTimeout: '15 seconds',
        cancellationType: ActivityCancellationType.TRY_CANCEL,
        allowEagerDispatch: false,
        retry: { maximumAttempts: 10 },
      });
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      this.machine.now = this.clock.now();
      this.#warn(index, messageOf(cause));
      // Those in line would wait as long, one ten after the other.
      if (cause instanceof TimeoutFailure && cause.timeoutType === 'SCHEDULE_TO_START') {
        this.giveUp(`no worker took the one before it within ${QUEUE_TIMEOUT_MINUTES} minutes`);
      }
    }
    this.#underWay -= 1;
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

function tooLarge(bytes: number, storage: boolean): string {
  const mend = storage ? '' : ', and more with a payload folder for client and workers (--payload-dir)';
  return `the state of the run is ${bytes} bytes; ${mostValueBytes(storage)} fit${mend}`;
}
