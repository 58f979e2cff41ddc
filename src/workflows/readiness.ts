import type { Plan, PlanStep } from './plan.js';
import { Fifo, Smallest } from './queues.js';

/**
 * Which steps may start by their dependencies and `run_on`. A step is settled once: done, skipped, failed or unreached
 * (it can no longer run because the run failed or was canceled). Each edge is looked at once.
 */
export class Readiness {
  readonly #parallel = new Fifo();
  readonly #sequential = new Smallest();
  /** Steps that stand in one of the lines: winding down may find a step twice. */
  readonly #queued = new Set<number>();
  readonly #plan: Plan;
  readonly #remaining: number[];
  /** Whether a dependency of the step failed or is unreached. */
  readonly #broken: boolean[];
  readonly #settled: boolean[];
  /** Steps that run on failure or always and name no dependency: they stand behind all steps without `run_on`. */
  readonly #behindAll: PlanStep[] = [];
  #plainLeft = 0;
  #anyBroken = false;
  /** Steps that can no longer run. */
  readonly unreached: number[] = [];
  #open: number;

  constructor(plan: Plan) {
    this.#plan = plan;
    this.#remaining = plan.steps.map((step) => step.dependencyCount);
    this.#broken = plan.steps.map(() => false);
    this.#settled = plan.steps.map(() => false);
    this.#open = plan.steps.length;
    for (const step of plan.steps) {
      if (step.runOn === 'success') this.#plainLeft += 1;
      else if (step.dependencyCount === 0) this.#behindAll.push(step);
    }
  }

  /** Whether every step is settled. */
  get allSettled(): boolean {
    return this.#open === 0;
  }

  isSettled(index: number): boolean {
    return this.#settled[index] === true;
  }

  /** Steps that nothing stands before. */
  *first(): Generator<PlanStep> {
    for (const step of this.#plan.steps) {
      if (!this.#settled[step.index] && this.isOpen(step)) yield step;
    }
  }

  /** Settles a step; `broken` when it failed or is unreached. Gives the steps whose dependencies are now all settled. */
  settle(index: number, broken: boolean): PlanStep[] {
    if (this.#settled[index]) return [];
    this.#settled[index] = true;
    this.#open -= 1;
    const step = this.#plan.steps[index] as PlanStep;
    const next: PlanStep[] = [];
    for (const dependent of step.dependents) {
      if (broken) this.#broken[dependent] = true;
      const left = (this.#remaining[dependent] as number) - 1;
      this.#remaining[dependent] = left;
      if (left === 0 && !this.#settled[dependent]) next.push(this.#plan.steps[dependent] as PlanStep);
    }
    if (step.runOn === 'success') {
      this.#anyBroken ||= broken;
      this.#plainLeft -= 1;
      if (this.#plainLeft === 0) next.push(...this.#behindAll.filter((waiting) => !this.#settled[waiting.index]));
    }
    return next;
  }

  /** Whether all that a step stands behind is settled. */
  isOpen(step: PlanStep): boolean {
    if (this.#remaining[step.index] !== 0) return false;
    return step.runOn === 'success' || step.dependencyCount > 0 || this.#plainLeft === 0;
  }

  /** Settles a step that can no longer run. Gives the steps whose dependencies are now all settled. */
  reachNoMore(index: number): PlanStep[] {
    this.unreached.push(index);
    return this.settle(index, true);
  }

  /** Whether a step whose dependencies are settled runs, by its `run_on`. */
  turnOf(step: PlanStep): 'ready' | 'skip' {
    if (step.runOn !== 'failure') return 'ready';
    const broken = step.dependencyCount === 0 ? this.#anyBroken : this.#broken[step.index];
    return broken ? 'ready' : 'skip';
  }

  push(step: PlanStep): void {
    if (this.#queued.has(step.index)) return;
    this.#queued.add(step.index);
    (step.parallel ? this.#parallel : this.#sequential).push(step.index);
  }

  /** The next step that stands in line, and has not been settled meanwhile. */
  shift(line: 'parallel' | 'sequential'): number | undefined {
    const queue = line === 'parallel' ? this.#parallel : this.#sequential;
    for (let index = queue.shift(); index !== undefined; index = queue.shift()) {
      this.#queued.delete(index);
      if (!this.#settled[index]) return index;
    }
    return undefined;
  }

  clear(): void {
    this.#parallel.clear();
    this.#sequential.clear();
    this.#queued.clear();
  }
}
