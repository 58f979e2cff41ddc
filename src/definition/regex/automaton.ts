import type { AST } from '@eslint-community/regexpp';

/** Target position → in how many ways a backtracking engine gets there without reading a character between. */
export type Edges = Map<number, number>;

/**
 * A pattern as its positions (the places in it that read one character) and the ways between them. Ways are counted, since
 * each is a path of its own for a backtracking engine: `(a*)*` has two from `a` to itself.
 */
export interface Automaton {
  readonly first: Edges;
  readonly follow: readonly Edges[];
  /** The source of what each position reads, e.g. `[a-z]`. */
  readonly reads: readonly string[];
}

/** The pattern is too large to be looked at. */
export class TooComplexError extends Error {}

const MAX_POSITIONS = 1_000;
const MAX_EDGES = 5_000;
/** Elements built, with those of written-out repetitions: empty ones have no positions, but take time too. */
const MAX_ELEMENTS = 20_000;
/** Bounded repetitions are written out up to this many positions; larger ones count as unbounded. */
const MAX_UNROLLED = 200;
const ANY_CHARACTER = '[^]';

interface Fragment {
  first: Edges;
  last: Edges;
  /** In how many ways the fragment matches the empty text. */
  empty: number;
}

const nothing = (): Fragment => ({ first: new Map(), last: new Map(), empty: 1 });

/** The automata of a pattern: its own and those of its look-arounds, which backtrack by themselves. */
export function automataOf(pattern: AST.Pattern): Automaton[] {
  const bodies: (readonly AST.Alternative[])[] = [pattern.alternatives];
  const automata: Automaton[] = [];
  for (let body = bodies.pop(); body !== undefined; body = bodies.pop()) {
    automata.push(new Builder((lookaround) => bodies.push(lookaround)).build(body));
  }
  return automata;
}

class Builder {
  private readonly follow: Edges[] = [];
  private readonly reads: string[] = [];
  private edges = 0;
  private elements = 0;

  constructor(private readonly onLookaround: (alternatives: readonly AST.Alternative[]) => void) {}

  build(alternatives: readonly AST.Alternative[]): Automaton {
    const { first } = this.anyOf(alternatives);
    return { first, follow: this.follow, reads: this.reads };
  }

  private anyOf(alternatives: readonly AST.Alternative[]): Fragment {
    const all: Fragment = { first: new Map(), last: new Map(), empty: 0 };
    for (const { elements } of alternatives) {
      const one = this.sequence(elements.map((element) => () => this.element(element)));
      addAll(all.first, one.first, 1);
      addAll(all.last, one.last, 1);
      all.empty += one.empty;
    }
    return all;
  }

  private sequence(parts: readonly (() => Fragment)[]): Fragment {
    return parts.reduce((before, part) => this.then(before, part()), nothing());
  }

  private then(before: Fragment, after: Fragment): Fragment {
    this.connect(before.last, after.first, 1);
    addAll(before.first, after.first, before.empty);
    addAll(after.last, before.last, after.empty);
    return { first: before.first, last: after.last, empty: before.empty * after.empty };
  }

  private element(element: AST.Element): Fragment {
    if (++this.elements > MAX_ELEMENTS) throw new TooComplexError();
    switch (element.type) {
      case 'Assertion':
        if (element.kind === 'lookahead' || element.kind === 'lookbehind') this.onLookaround(element.alternatives);
        return nothing();
      case 'Group':
      case 'CapturingGroup':
        return this.anyOf(element.alternatives);
      case 'Quantifier':
        return this.repeated(element);
      case 'Backreference':
        return this.loop(this.position(ANY_CHARACTER), 1, 1);
      case 'Character':
      case 'CharacterClass':
      case 'CharacterSet':
      case 'ExpressionCharacterClass':
        return this.position(element.raw);
    }
  }

  private position(source: string): Fragment {
    const position = this.reads.push(source) - 1;
    if (position >= MAX_POSITIONS) throw new TooComplexError();
    this.follow.push(new Map());
    return { first: new Map([[position, 1]]), last: new Map([[position, 1]]), empty: 0 };
  }

  private repeated({ element, min, max }: AST.Quantifier): Fragment {
    if (max === 0) return nothing();
    const before = this.reads.length;
    const once = this.element(element);
    const size = this.reads.length - before;
    const copies = max === Infinity ? min : max;
    if (copies > 1 && size * copies > MAX_UNROLLED) {
      // Empty rounds of a counted repetition are ways of their own.
      return this.loop(once, once.empty > 0 ? 2 : 1, min === 0 ? 1 : once.empty);
    }
    if (max === Infinity && min <= 1) return this.loop(once, 1, min === 0 ? 1 : once.empty);
    const again = (): Fragment => this.element(element);
    if (min === 0) return this.optional(max, once, again);
    const required = Array.from({ length: min }, (_, i) => (i === 0 ? () => once : again));
    if (max === Infinity) return this.sequence([...required, () => this.loop(again(), 1, 1)]);
    return this.sequence(max === min ? required : [...required, () => this.optional(max - min, again(), again)]);
  }

  private loop(body: Fragment, ways: number, empty: number): Fragment {
    this.connect(body.last, body.first, ways);
    return { ...body, empty };
  }

  /** Up to `count` rounds, each not empty, with the way out after any of them. */
  private optional(count: number, once: Fragment, again: () => Fragment): Fragment {
    const last: Edges = new Map(once.last);
    let previous = once;
    for (let i = 1; i < count; i++) {
      const round = again();
      this.connect(previous.last, round.first, 1);
      addAll(last, round.last, 1);
      previous = round;
    }
    return { first: once.first, last, empty: 1 };
  }

  private connect(from: Edges, to: Edges, ways: number): void {
    this.edges += from.size * to.size;
    if (this.edges > MAX_EDGES) throw new TooComplexError();
    for (const [position, count] of from) {
      const edges = this.follow[position];
      if (edges !== undefined) addAll(edges, to, count * ways);
    }
  }
}

function addAll(target: Edges, source: Edges, times: number): void {
  if (times === 0) return;
  for (const [position, count] of source) target.set(position, (target.get(position) ?? 0) + count * times);
}
