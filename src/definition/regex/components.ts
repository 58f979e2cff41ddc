import { TooComplexError } from './automaton.js';

interface Frame {
  node: number;
  next: Iterator<number, unknown>;
}

/**
 * The strongly connected components of what is reachable from the roots, as node → component (Tarjan, without recursion).
 *
 * @throws TooComplexError when more than `budget` edges would have to be followed.
 */
export function componentsOf(
  roots: Iterable<number>,
  successors: (node: number) => Iterable<number>,
  budget: number,
): Map<number, number> {
  const component = new Map<number, number>();
  const index = new Map<number, number>();
  const low = new Map<number, number>();
  const open: number[] = [];
  const frames: Frame[] = [];
  let edges = 0;
  const enter = (node: number): void => {
    index.set(node, index.size);
    low.set(node, index.size - 1);
    open.push(node);
    frames.push({ node, next: successors(node)[Symbol.iterator]() });
  };
  const lower = (node: number, to: number): void => {
    low.set(node, Math.min(low.get(node) ?? to, to));
  };
  const close = (node: number): void => {
    if (low.get(node) !== index.get(node)) return;
    for (let member = open.pop(); member !== undefined; member = open.pop()) {
      component.set(member, node);
      if (member === node) return;
    }
  };
  for (const root of roots) {
    if (!index.has(root)) enter(root);
    for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
      const step = frame.next.next();
      if (step.done === true) {
        frames.pop();
        close(frame.node);
        const parent = frames.at(-1);
        if (parent !== undefined) lower(parent.node, low.get(frame.node) ?? 0);
        continue;
      }
      if (++edges > budget) throw new TooComplexError();
      const seen = index.get(step.value);
      if (seen === undefined) enter(step.value);
      else if (!component.has(step.value)) lower(frame.node, seen);
    }
  }
  return component;
}
