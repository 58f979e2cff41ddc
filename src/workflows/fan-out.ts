import type { JsonValue } from '../definition/json.js';
import { cut } from '../definition/text.js';
import type { ForEach } from '../definition/types.js';
import type { ElementFailure, ElementsState, Failure } from './state.js';
import type { Shared } from './task.js';
import type { Unit } from './unit.js';

/** Failures of elements that are remembered by position. */
const KEPT_FAILURES = 100;
const LONGEST_ERROR = 1_000;
/** Elements that may wait for answers at once, unless the document says otherwise. */
const MOST_OPEN = 1_000;

/** How far the fan-out of a step has come. Its elements begin in order, and each is settled once. */
export class FanOut {
  /** Results by position; those of elements that failed and may (`on_error: continue`) are `{error, error_code}`. */
  readonly results: JsonValue[] = [];
  /** Elements that have begun and are not settled, by position. */
  readonly open = new Map<number, Unit>();
  readonly waiting = new Set<Unit>();
  readonly blocked = new Set<Unit>();
  readonly held = new Set<Unit>();
  readonly failures: ElementFailure[] = [];
  /** Elements that another execution of the run had begun. */
  readonly again: Unit[] = [];
  /** The position of the next element to begin. */
  next = 0;
  done = 0;
  failed = 0;
  attempts = 0;
  masked = 0;
  /** How often elements that are settled were run again, at most. */
  settledReruns = 0;
  /** It starts nothing more, and ends with this failure, or as unreached, once its running elements have ended. */
  stopped: { failure?: Failure } | undefined;
  /** What all elements are sent alike, once that is known. */
  shared: Shared | undefined;
  /** The part in a hundred that observers have been told of; at first not even how many elements there are. */
  shown = -1;

  constructor(
    /** The unit of the step. */
    readonly unit: Unit,
    readonly items: readonly JsonValue[],
    private readonly settings: ForEach,
    private readonly runConcurrency: number,
  ) {}

  /** Whether a failed element is a result like others. */
  get toleratesFailure(): boolean {
    return this.settings.on_error === 'continue';
  }

  /** Further names that begin references in an element: its own and that of its position. */
  get aliases(): readonly string[] {
    const { as } = this.settings;
    return as == null ? [] : [as, `${as}_index`];
  }

  get total(): number {
    return this.items.length;
  }

  get isOver(): boolean {
    return this.open.size === 0 && (this.stopped !== undefined || this.next >= this.total);
  }

  /** How often the step, or an element of it, was run again, at most: another time must not repeat the names of those. */
  get reruns(): number {
    let most = Math.max(this.unit.state.reruns, this.settledReruns);
    for (const { state } of this.open.values()) most = Math.max(most, state.reruns);
    return most;
  }

  /** Whether one more element may begin. */
  get hasRoom(): boolean {
    if (this.stopped || this.held.size > 0 || this.blocked.size > 0 || this.next >= this.total) return false;
    const { concurrency } = this.settings;
    if (concurrency != null) return this.open.size < concurrency;
    return this.open.size < MOST_OPEN && this.open.size - this.waiting.size < this.runConcurrency;
  }

  /** How the step as a whole stands. */
  get status(): 'running' | 'waiting_for_input' | 'blocked' | 'failed' {
    const { open, waiting, blocked, held } = this;
    if (open.size === 0 || open.size > waiting.size + blocked.size + held.size) return 'running';
    if (waiting.size > 0) return 'waiting_for_input';
    return blocked.size > 0 ? 'blocked' : 'failed';
  }

  /** The part in a hundred of the elements that are settled. */
  get percent(): number {
    return Math.floor(((this.done + this.failed) * 100) / this.total);
  }

  /** Notes an element that failed. */
  noteFailure(failure: ElementFailure): void {
    this.failed += 1;
    if (this.failures.length < KEPT_FAILURES) this.failures.push({ ...failure, error: cut(failure.error, LONGEST_ERROR) });
  }

  /** An element is not failed any more: it runs again, or its user settled it. */
  forgetFailure(element: number): void {
    this.failed -= 1;
    const at = this.failures.findIndex(({ index }) => index === element);
    if (at >= 0) this.failures.splice(at, 1);
  }

  /** It begins nothing more, and what is open of it does not matter. */
  dismiss(): void {
    this.stopped ??= {};
  }

  summary(): ElementsState {
    const { total, done, failed, failures } = this;
    return { total, done, failed, ...(failures.length > 0 ? { failures: [...failures] } : {}) };
  }
}
