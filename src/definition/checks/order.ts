import { topologicalOrder } from '../graph.js';
import type { CheckContext, RawStep } from './document.js';

/** Dependencies that are looked at for one document; then questions are answered with no. */
const BUDGET = 200_000;

/** Whether a step certainly runs after another, by their dependencies. */
export class Order {
  private readonly rank = new Map<RawStep, number>();
  private readonly ancestors = new Map<RawStep, Set<RawStep>>();
  private budget = BUDGET;

  constructor(private readonly context: CheckContext) {
    const steps = [...context.byId.values()];
    const graph = steps.map((step) => ({ id: step.id ?? '', depends_on: step.dependsOn }));
    for (const [rank, position] of topologicalOrder(graph).entries()) {
      const step = steps[position];
      if (step !== undefined) this.rank.set(step, rank);
    }
  }

  /** True when `later` is `step` itself or depends on it. */
  runsLater(later: RawStep, step: RawStep): boolean {
    if (later === step) return true;
    // Whatever depends on a step stands behind it in every topological order.
    if ((this.rank.get(later) ?? 0) < (this.rank.get(step) ?? 0)) return false;
    let ancestors = this.ancestors.get(later);
    if (ancestors === undefined) {
      ancestors = this.ancestorsOf(later);
      this.ancestors.set(later, ancestors);
    }
    return ancestors.has(step);
  }

  private ancestorsOf(step: RawStep): Set<RawStep> {
    const found = new Set<RawStep>();
    const pending = [step];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      for (const id of next.dependsOn) {
        if (--this.budget <= 0) return found;
        const dependency = this.context.byId.get(id);
        if (dependency === undefined || found.has(dependency)) continue;
        found.add(dependency);
        pending.push(dependency);
      }
    }
    return found;
  }
}
