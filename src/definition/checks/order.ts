import { topologicalOrder } from '../graph.js';
import { isObject, own } from '../json.js';
import { listOf, type CheckContext, type RawStep } from './document.js';

/** Dependencies that are looked at for one document; then questions are answered with no. */
const BUDGET = 200_000;

/** Whether a step certainly runs after another, by their dependencies and their order in the document. */
export class Order {
  private readonly rank = new Map<RawStep, number>();
  private readonly position = new Map<RawStep, number>();
  private readonly preset = new Set<string>();
  private readonly ancestors = new Map<RawStep, Set<RawStep>>();
  private budget = BUDGET;

  constructor(private readonly context: CheckContext) {
    const steps = [...context.byId.values()];
    const graph = steps.map((step) => ({ id: step.id ?? '', depends_on: step.dependsOn }));
    for (const [rank, position] of topologicalOrder(graph).entries()) {
      const step = steps[position];
      if (step !== undefined) this.rank.set(step, rank);
    }
    for (const [position, step] of context.steps.entries()) this.position.set(step, position);
    for (const entryPoint of listOf(own(context.document, 'entry_points'))) {
      const presets = isObject(entryPoint) ? own(entryPoint, 'preset_results') : undefined;
      for (const id of isObject(presets) ? Object.keys(presets) : []) this.preset.add(id);
    }
  }

  /** True when `later` is `step` itself, depends on it, or cannot start before it does. */
  runsLater(later: RawStep, step: RawStep): boolean {
    if (later === step) return true;
    // Whatever depends on a step stands behind it in every topological order.
    const mayDepend = (this.rank.get(later) ?? 0) > (this.rank.get(step) ?? 0);
    return (mayDepend && this.ancestorsFor(later).has(step)) || this.startsNoSooner(later, step);
  }

  /** What a step waits for, the other waits for as well, and it stands behind it: it has no result when that one starts. */
  private startsNoSooner(later: RawStep, step: RawStep): boolean {
    if (own(step.raw, 'run_on') !== undefined || this.preset.has(later.id ?? '')) return false;
    if ((this.position.get(later) ?? 0) < (this.position.get(step) ?? 0)) return false;
    if (step.dependsOn.length === 0) return true;
    const ancestors = this.ancestorsFor(later);
    return step.dependsOn.every((id) => {
      const dependency = this.context.byId.get(id);
      return dependency !== undefined && ancestors.has(dependency);
    });
  }

  private ancestorsFor(later: RawStep): Set<RawStep> {
    let ancestors = this.ancestors.get(later);
    if (ancestors === undefined) {
      ancestors = this.ancestorsOf(later);
      this.ancestors.set(later, ancestors);
    }
    return ancestors;
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
