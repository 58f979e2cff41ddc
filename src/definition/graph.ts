/** What the graph needs of a step: ids that `depends_on` names but no step has are passed over. */
export interface GraphStep {
  readonly id: string;
  readonly depends_on?: readonly string[] | null | undefined;
}

/** What decides before which steps a step may run. */
export interface OrderedStep extends GraphStep {
  readonly run_on?: string | null | undefined;
}

/** A circle: the ids along it, and the step in it, if any, that stands behind all steps without `run_on`. */
export interface Circle {
  readonly ids: readonly string[];
  readonly behindAll?: string;
}

/** Stands in the graph for all steps without `run_on`. No step has an id of this length. */
const ALL_PLAIN = 'all'.repeat(1_000);

/** Whether a step waits for all steps without `run_on`: it runs on failure or always, and names no dependency. */
export function isBehindAll({ run_on, depends_on }: OrderedStep): boolean {
  return !isPlain(run_on) && (depends_on ?? []).length === 0;
}

function isPlain(runOn: string | null | undefined): boolean {
  return (runOn ?? 'success') === 'success';
}

/** The circles that `depends_on` and `run_on` make together: a run of such a document would never end. */
export function findCircles(steps: readonly OrderedStep[]): Circle[] {
  const graph: GraphStep[] = steps.map((step) => ({ id: step.id, depends_on: isBehindAll(step) ? [ALL_PLAIN] : (step.depends_on ?? []) }));
  graph.push({ id: ALL_PLAIN, depends_on: steps.filter(({ run_on }) => isPlain(run_on)).map(({ id }) => id) });
  return findCycles(graph).map((cycle) => {
    const at = cycle.indexOf(ALL_PLAIN);
    return at < 1 ? { ids: cycle } : { ids: cycle.filter((id) => id !== ALL_PLAIN), behindAll: cycle[at - 1] as string };
  });
}

/** What is wrong with a circle, in words. */
export function describeCircle({ ids, behindAll }: Circle): string {
  const because = behindAll === undefined ? '' : `, because '${behindAll}' has a run_on and no depends_on: it runs after all steps without run_on`;
  return `Circular dependency detected: ${ids.join(' → ')}${because}`;
}

/** Edge visits that {@link findCycles} may spend on further cycles, so that no document makes it slow. */
const SEARCH_BUDGET = 1_000_000;

/**
 * The circular dependencies, each as the ids along it, `['a', 'b', 'a']`: a depends on b depends on a. Every self-dependency
 * is named, and every group of steps that depend on each other by at least one shortest cycle; further ones until each
 * step of the group is in one, as long as the group is not huge (a million edges looked at).
 */
export function findCycles(steps: readonly GraphStep[]): string[][] {
  const dependencies = dependenciesOf(steps);
  const group = stronglyConnected(dependencies);
  const size = countBy(group);
  const search = new CycleSearch(dependencies, group);
  const named = new Set<number>();
  const searched = new Set<number>();
  const cycles: number[][] = [];
  for (let start = 0; start < steps.length; start++) {
    if (dependencies[start]?.includes(start)) cycles.push([start, start]);
    const ofStart = group[start] ?? 0;
    if ((size[ofStart] ?? 0) < 2 || named.has(start)) continue;
    if (searched.has(ofStart) && search.visits > SEARCH_BUDGET) continue;
    searched.add(ofStart);
    const cycle = search.shortestThrough(start);
    for (const step of cycle) named.add(step);
    cycles.push(cycle);
  }
  return cycles.map((cycle) => cycle.map((step) => steps[step]?.id ?? ''));
}

/** The ids of the step and of all that depend on it, directly or not; empty when there is no such step. */
export function reachableFrom(steps: readonly GraphStep[], startId: string): Set<string> {
  const dependents = new Map<string, string[]>();
  for (const step of steps) {
    for (const dependency of step.depends_on ?? []) {
      const known = dependents.get(dependency);
      if (known === undefined) dependents.set(dependency, [step.id]);
      else known.push(step.id);
    }
  }
  const reached = new Set<string>();
  if (steps.some((step) => step.id === startId)) reached.add(startId);
  // A set yields what is added while it is walked.
  for (const id of reached) for (const dependent of dependents.get(id) ?? []) reached.add(dependent);
  return reached;
}

/**
 * The positions of all steps, each after those that it depends on and otherwise in document order. Within a cycle, the
 * dependency that closes it does not count.
 */
export function topologicalOrder(steps: readonly GraphStep[]): number[] {
  const dependencies = dependenciesOf(steps);
  const order: number[] = [];
  depthFirst(dependencies, { enter: () => undefined, leave: (step) => order.push(step), seen: () => undefined });
  return order;
}

/** For each step the positions of its dependencies, each once. Of steps with the same id the first counts. */
function dependenciesOf(steps: readonly GraphStep[]): number[][] {
  const positions = new Map<string, number>();
  steps.forEach((step, i) => {
    if (!positions.has(step.id)) positions.set(step.id, i);
  });
  return steps.map((step) => {
    const found = new Set<number>();
    for (const id of step.depends_on ?? []) {
      const position = positions.get(id);
      if (position !== undefined) found.add(position);
    }
    return [...found];
  });
}

interface Visitor {
  enter(step: number): void;
  /** After all its dependencies. `parent`: the step that it was reached from. */
  leave(step: number, parent: number | undefined): void;
  /** An edge to a step that was entered before. */
  seen(step: number, dependency: number): void;
}

/** Walks all steps depth first along their dependencies, without recursion: chains are as long as documents. */
function depthFirst(dependencies: readonly (readonly number[])[], visitor: Visitor): void {
  const entered = new Uint8Array(dependencies.length);
  const nextEdge = new Uint32Array(dependencies.length);
  const stack: number[] = [];
  const enter = (step: number): void => {
    entered[step] = 1;
    stack.push(step);
    visitor.enter(step);
  };
  for (let root = 0; root < dependencies.length; root++) {
    if (entered[root] === 1) continue;
    enter(root);
    for (let step = stack.at(-1); step !== undefined; step = stack.at(-1)) {
      const edge = nextEdge[step] ?? 0;
      const dependency = dependencies[step]?.[edge];
      nextEdge[step] = edge + 1;
      if (dependency === undefined) {
        stack.pop();
        visitor.leave(step, stack.at(-1));
      } else if (entered[dependency] === 1) visitor.seen(step, dependency);
      else enter(dependency);
    }
  }
}

/** Tarjan's algorithm: for each step the number of its group, in which every step depends on every other. */
function stronglyConnected(dependencies: readonly (readonly number[])[]): Int32Array {
  const group = new Int32Array(dependencies.length).fill(-1);
  const index = new Int32Array(dependencies.length);
  const low = new Int32Array(dependencies.length);
  const open: number[] = [];
  let entered = 0;
  let groups = 0;
  const lower = (step: number, to: number): void => {
    low[step] = Math.min(low[step] ?? 0, to);
  };
  depthFirst(dependencies, {
    enter(step) {
      index[step] = low[step] = entered++;
      open.push(step);
    },
    seen(step, dependency) {
      if (group[dependency] === -1) lower(step, index[dependency] ?? 0);
    },
    leave(step, parent) {
      if (low[step] === index[step]) {
        let member: number | undefined;
        do {
          member = open.pop();
          if (member !== undefined) group[member] = groups;
        } while (member !== step && member !== undefined);
        groups++;
      } else if (parent !== undefined) lower(parent, low[step] ?? 0);
    },
  });
  return group;
}

function countBy(group: Int32Array): number[] {
  const counts: number[] = [];
  for (const number of group) counts[number] = (counts[number] ?? 0) + 1;
  return counts;
}

class CycleSearch {
  /** Edges looked at so far. */
  visits = 0;
  /** The start of the search that last reached a step: saves clearing between searches. */
  readonly #reachedFrom: Int32Array;
  readonly #dependent: Int32Array;

  constructor(
    private readonly dependencies: readonly (readonly number[])[],
    private readonly group: Int32Array,
  ) {
    this.#reachedFrom = new Int32Array(dependencies.length).fill(-1);
    this.#dependent = new Int32Array(dependencies.length);
  }

  /** A shortest cycle of at least two steps through a step whose group has others, by breadth-first search. */
  shortestThrough(start: number): number[] {
    const queue = [start];
    for (const step of queue) {
      for (const dependency of this.dependencies[step] ?? []) {
        this.visits++;
        if (dependency === start && step !== start) return this.#pathTo(step, start);
        if (dependency === start || this.group[dependency] !== this.group[start]) continue;
        if (this.#reachedFrom[dependency] === start) continue;
        this.#reachedFrom[dependency] = start;
        this.#dependent[dependency] = step;
        queue.push(dependency);
      }
    }
    return [];
  }

  #pathTo(last: number, start: number): number[] {
    const reversed = [start];
    for (let step = last; step !== start; step = this.#dependent[step] ?? start) reversed.push(step);
    reversed.push(start);
    return reversed.reverse();
  }
}
