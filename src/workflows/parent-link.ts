import { getExternalWorkflowHandle } from '@temporalio/workflow';
import { SIGNALS, type ChildEnded, type ChildReport, type RunInput } from '../definition/messages.js';
import type { WaitingChildStep } from '../definition/snapshot.js';
import { cut } from '../definition/text.js';
import type { Bell } from './bell.js';
import type { RunMachine } from './machine.js';
import { Outbox } from './outbox.js';
import { jsonBytes } from './size.js';

const MOST_WAITING = 20;
const LONGEST_MESSAGE = 1_000;
const LARGEST_SCHEMA = 4_096;

/** Tells the parent of a run how it stands. A parent that is gone need not know. */
export class ParentLink {
  /** The parent has continued as new: Temporal does not tell it the end of this run any more. */
  adopted: boolean;
  /** What the parent was told last; of a run that goes on by itself it need not be told. */
  #last: string;
  readonly #outbox: Outbox;

  constructor(
    private readonly machine: RunMachine,
    private readonly parent: RunInput['parent'],
    private readonly runId: string,
    bell: Bell,
  ) {
    this.#outbox = new Outbox(bell);
    this.adopted = parent?.adopted === true;
    this.#last = parent?.reported ? 'unknown' : '';
  }

  get settled(): boolean {
    return this.#outbox.settled;
  }

  /** The input of the next execution, which has to know what stands between the parent and this run. */
  passOn(next: RunInput): RunInput {
    if (!this.parent) return next;
    const { run_id, workflow_ids } = this.parent;
    const told = { ...(this.adopted ? { adopted: true as const } : {}), ...(this.#last === '' ? {} : { reported: true as const }) };
    return { ...next, parent: { run_id, workflow_ids, ...told } };
  }

  /** Tells of a pause or a block, and of its end. */
  report(): void {
    if (!this.parent || this.machine.over) return;
    const report = this.#report();
    const text = report.status === 'running' ? '' : JSON.stringify(report);
    if (text === this.#last) return;
    this.#last = text;
    void this.#signal(SIGNALS.childChanged, report);
  }

  /** Tells of the end, when nobody else does. */
  async end(end: ChildEnded): Promise<void> {
    if (this.adopted) await this.#signal(SIGNALS.childEnded, end);
  }

  async #signal(name: string, argument: ChildReport | ChildEnded): Promise<void> {
    const parent = this.parent;
    if (!parent) return;
    await this.#outbox.send(() => getExternalWorkflowHandle(parent.run_id).signal(name, argument));
  }

  #report(): ChildReport {
    const { status } = this.machine;
    const missing = this.machine.missing();
    const waiting = this.#waiting();
    return {
      run_id: this.runId,
      status: status === 'paused' || status === 'blocked' ? status : 'running',
      ...(missing.length > 0 ? { missing } : {}),
      ...(waiting.length > 0 ? { waiting } : {}),
    };
  }

  #waiting(): WaitingChildStep[] {
    const waiting: WaitingChildStep[] = [];
    for (const index of this.machine.waiting) {
      const unit = this.machine.unit(index);
      if (!unit || waiting.length >= MOST_WAITING) break;
      const { message = '', schema = null } = unit.state;
      waiting.push({
        run_id: this.runId,
        step_id: unit.step.id,
        ...(unit.element === undefined ? {} : { index: unit.element }),
        message: cut(message, LONGEST_MESSAGE),
        ...(schema === null || jsonBytes(schema) > LARGEST_SCHEMA ? {} : { schema }),
      });
    }
    for (const { state } of this.machine.children.values()) waiting.push(...(state.child?.waiting ?? []));
    return waiting.slice(0, MOST_WAITING);
  }
}
