import type { Alphabet } from './alphabet.js';
import type { Automaton, Edges } from './automaton.js';
import { componentsOf } from './components.js';

/** Edges of pairs of positions that are followed before a pattern counts as too complex. */
const BUDGET = 300_000;
const ATTACK_LENGTH = 64;
/** Paths that an attack of that length may open: n per overlapping pair of repetitions is fine, n² is not. */
const MAX_PATHS = 1_500;

/**
 * Whether a backtracking engine can need time exponential in the text: some loop leads back to itself by two different ways
 * over the same text, like `(a+)+` or `(a|ab|b)*`.
 *
 * @throws TooComplexError
 */
export function isExponential({ follow, reads }: Automaton, alphabet: Alphabet): boolean {
  const positions = follow.keys();
  const loops = componentsOf(positions, (position) => (follow[position] ?? new Map<number, number>()).keys(), BUDGET);
  const inLoop = (from: number): Edges => {
    const edges: Edges = new Map();
    for (const [to, ways] of follow[from] ?? []) if (loops.get(to) === loops.get(from)) edges.set(to, ways);
    return edges;
  };
  const loopEdges = Array.from(follow.keys(), inLoop);
  if (loopEdges.some((edges) => [...edges.values()].some((ways) => ways > 1))) return true;
  const size = follow.length;
  const successors = function* (pair: number): Generator<number> {
    for (const one of loopEdges[Math.floor(pair / size)]?.keys() ?? []) {
      for (const other of loopEdges[pair % size]?.keys() ?? []) {
        if (alphabet.overlap(reads[one] ?? '', reads[other] ?? '')) yield one * size + other;
      }
    }
  };
  const together = Array.from(follow.keys(), (position) => position * size + position);
  const components = componentsOf(together, successors, BUDGET);
  const withTogether = new Set(together.map((pair) => components.get(pair)));
  for (const [pair, component] of components) {
    if (Math.floor(pair / size) !== pair % size && withTogether.has(component)) return true;
  }
  return false;
}

/** Whether a text of {@link ATTACK_LENGTH} characters, searched greedily, opens more paths than {@link MAX_PATHS}. */
export function opensManyPaths({ first, follow, reads }: Automaton, alphabet: Alphabet): boolean {
  const characters = alphabet.distinct(reads);
  const step = (from: Edges, character: number): Edges => {
    const to: Edges = new Map();
    for (const [position, paths] of from) {
      if (!alphabet.reads(reads[position] ?? '', character)) continue;
      for (const [next, ways] of follow[position] ?? []) to.set(next, (to.get(next) ?? 0) + paths * ways);
    }
    return to;
  };
  const attack = (choose: (at: Edges) => Edges): boolean => {
    let at = first;
    for (let length = 0; length < ATTACK_LENGTH && at.size > 0; length++) {
      at = choose(at);
      if (total(at) > MAX_PATHS) return true;
    }
    return false;
  };
  const greedy = (at: Edges): Edges => {
    const reached = characters.map((character) => step(at, character));
    return reached.reduce((best, next) => (total(next) > total(best) ? next : best), new Map<number, number>());
  };
  return attack(greedy) || characters.some((character) => attack((at) => step(at, character)));
}

function total(paths: Edges): number {
  let sum = 0;
  for (const count of paths.values()) sum += count;
  return sum;
}
