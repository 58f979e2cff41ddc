import { TypedSearchAttributes } from '@temporalio/common';
import {
  ActivityCancellationType,
  CancellationScope,
  type ExternalWorkflowHandle,
  getExternalWorkflowHandle,
  ParentClosePolicy,
  scheduleActivity,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import { startAttributes } from '../definition/attributes.js';
import { endingOf } from '../definition/ending.js';
import { SIGNALS, WORKFLOW_TYPE, type AwaitedChildren, type ChildEnded, type ChildResult, type RunInput } from '../definition/messages.js';
import { summaryOf } from '../definition/text.js';
import type { Bell } from './bell.js';
import { childEnded, type ChildRequest } from './child.js';
import { endOf } from './child-end.js';
import { isChildRunId } from './child-run-id.js';
import type { TaskClock } from './clock.js';
import type { RunMachine } from './machine.js';
import { labelOfUnit } from './observe.js';
import { Outbox } from './outbox.js';

/**
 * Runs the children of a run. One that was started by this execution is waited for by Temporal itself. Those of an earlier
 * execution are told that they have a new parent (`adopted`), and say by signal when they end; a slow check looks for those
 * that could not.
 */
export class ChildRuns {
  readonly #outbox: Outbox;
  /** Children that another execution of the run had started. */
  readonly #inherited: string[];
  readonly #adopted = new Set<string>();
  #awaiting: CancellationScope | undefined;
  #awaited = 0;
  readonly #canceled = new Set<string>();
  /** Children whose start is on its way; whether they have started. A message to one that is not there yet would be lost. */
  readonly #starting = new Map<string, Promise<boolean>>();

  constructor(
    private readonly machine: RunMachine,
    private readonly input: RunInput,
    private readonly bell: Bell,
    private readonly clock: TaskClock,
  ) {
    this.#outbox = new Outbox(bell);
    this.#inherited = [...machine.children.keys()];
  }

  /** Whether nothing is on its way to a child. */
  get settled(): boolean {
    return this.#outbox.settled;
  }

  start(request: ChildRequest): void {
    const { run_id } = request;
    const started = new Promise<boolean>((resolve) => {
      void this.#outbox.send(async () => {
        const handle = await startChild(WORKFLOW_TYPE, this.#options(request)).catch((error: unknown) => this.#failed(run_id, error));
        this.#starting.delete(run_id);
        resolve(handle !== undefined);
        handle?.result().then(
          (result: ChildResult) => this.#ended({ run_id, status: 'completed', ...result }),
          (error: unknown) => this.#failed(run_id, error),
        );
      });
    });
    this.#starting.set(run_id, started);
  }

  /** Tells children what happened to their run, and looks after those of an earlier execution. */
  followUp(): void {
    const { children, paused } = this.machine;
    for (const runId of this.#inherited.splice(0)) this.#adopt(runId);
    for (const [runId, { state }] of children) if (state.child?.ending) this.#cancel(runId);
    for (const runId of this.machine.abandoned.splice(0)) this.#cancel(runId);
    for (const [runId, { state }] of children) {
      if (!state.child || (state.child.told_paused === true) === (paused !== undefined)) continue;
      if (paused) state.child.told_paused = true;
      else delete state.child.told_paused;
      this.#signal(runId, paused ? SIGNALS.parentPaused : SIGNALS.parentResumed);
    }
    for (const runId of this.#adopted) if (!children.has(runId)) this.#adopted.delete(runId);
    if (this.#adopted.size === 0) this.stop();
    else if (!this.#awaiting) this.#await();
  }

  /** Whether a run is, or was, a child of this one: its id says so, or it is open. */
  knows(runId: string): boolean {
    return isChildRunId(workflowInfo().workflowId, runId) || this.machine.children.has(runId);
  }

  /** An adopted child says that it has ended. */
  told(end: ChildEnded): void {
    childEnded(this.machine, end.run_id, endOf(end));
  }

  stop(): void {
    this.#awaiting?.cancel();
    this.#awaiting = undefined;
  }

  #adopt(runId: string): void {
    this.#adopted.add(runId);
    this.#signal(runId, SIGNALS.adopted);
  }

  #cancel(runId: string): void {
    if (this.#canceled.has(runId)) return;
    this.#canceled.add(runId);
    this.#tell(runId, (child) => child.cancel());
  }

  #signal(runId: string, name: string): void {
    this.#tell(runId, (child) => child.signal(name, { run_id: workflowInfo().workflowId }));
  }

  #tell(runId: string, say: (child: ExternalWorkflowHandle) => Promise<void>): void {
    const starting = this.#starting.get(runId);
    void this.#outbox.send(async () => {
      if (starting === undefined || (await starting)) await say(getExternalWorkflowHandle(runId));
    });
  }

  #failed(runId: string, error: unknown): void {
    this.#ended({ run_id: runId, ...endingOf(error instanceof Error ? error : new Error(String(error))) });
  }

  #ended(end: ChildEnded): void {
    this.machine.now = this.clock.now();
    this.told(end);
    this.bell.ring();
  }

  #await(): void {
    const scope = new CancellationScope({ cancellable: true });
    this.#awaiting = scope;
    const awaited: AwaitedChildren = { run_ids: [...this.#adopted] };
    this.#awaited += 1;
    scope
      .run(() =>
        scheduleActivity<ChildEnded[]>('await_children', [awaited], {
          activityId: `~children~${this.#awaited}`,
          summary: `waits for ${awaited.run_ids.length} runs`,
          startToCloseTimeout: '1 minute',
          cancellationType: ActivityCancellationType.TRY_CANCEL,
          retry: { initialInterval: '10 seconds', backoffCoefficient: 2, maximumInterval: '10 minutes' },
        }),
      )
      .then(
        (ends) => {
          if (this.#awaiting === scope) this.#awaiting = undefined;
          for (const end of ends) this.#ended(end);
          this.bell.ring();
        },
        () => {
          // Canceled, as when the run is: then what is still open is awaited anew.
          if (this.#awaiting === scope) this.#awaiting = undefined;
          this.bell.ring();
        },
      );
  }

  #options(request: ChildRequest) {
    const { run_id, workflow_id, definition, version, input, entry_point } = request;
    const { workflowId, taskQueue, memo } = workflowInfo();
    const above = this.input.parent?.workflow_ids ?? [];
    // A run of before it had its owner in its input has it in its memo.
    const owner = this.input.owner ?? (typeof memo?.['owner'] === 'string' ? memo['owner'] : undefined);
    const { env, continue_after_events, search_attributes, storage } = this.input;
    const start: Partial<RunInput> = {
      ...(definition ? { definition } : { workflow: { id: workflow_id, ...(version === undefined ? {} : { version }) } }),
      input,
      ...(entry_point === undefined ? {} : { entry_point }),
      parent: { run_id: workflowId, workflow_ids: [...above, this.machine.plan.definition.id] },
      ...(env ? { env } : {}),
      ...(owner === undefined ? {} : { owner }),
      ...(continue_after_events === undefined ? {} : { continue_after_events }),
      ...(storage ? { storage } : {}),
      search_attributes: search_attributes === true,
    };
    const name = definition?.name ?? workflow_id;
    const unit = this.machine.children.get(run_id);
    const attributes = startAttributes({ workflowId: workflow_id, version: definition?.version ?? version, owner });
    return {
      workflowId: run_id,
      taskQueue,
      args: [start],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      workflowIdReusePolicy: 'REJECT_DUPLICATE' as const,
      memo: { workflow_id, parent: workflowId, ...(owner === undefined ? {} : { owner }) },
      staticSummary: summaryOf(unit ? `${labelOfUnit(this.machine, unit)} (${name})` : name),
      ...(search_attributes === true ? { typedSearchAttributes: new TypedSearchAttributes(attributes) } : {}),
    };
  }
}
