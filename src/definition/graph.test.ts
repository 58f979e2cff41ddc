import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findCycles, reachableFrom, topologicalOrder, type GraphStep } from './graph.js';

/** `steps('a: b c', 'b')`: a depends on b and c. */
function steps(...lines: string[]): GraphStep[] {
  return lines.map((line) => {
    const [id = '', rest] = line.split(': ');
    return rest === undefined ? { id } : { id, depends_on: rest.split(' ') };
  });
}

const chain = (length: number): GraphStep[] =>
  Array.from({ length }, (_, i) => ({ id: `s${i}`, depends_on: i + 1 < length ? [`s${i + 1}`] : [] }));

describe('findCycles', () => {
  it.each<[string, GraphStep[], string[][]]>([
    ['no steps', [], []],
    ['a diamond', steps('a', 'b: a', 'c: a', 'd: b c'), []],
    ['unknown and double dependencies', [{ id: 'a', depends_on: ['x', 'x'] }, { id: 'b', depends_on: null }], []],
    ['a self-dependency', steps('a: a'), [['a', 'a']]],
    ['two steps with one id, of which the first counts', steps('a: a', 'a'), [['a', 'a']]],
    ['two that depend on each other', steps('a: b', 'b: a'), [['a', 'b', 'a']]],
    ['three, with steps before and behind', steps('x', 'a: x b', 'b: c', 'c: a', 'y: a'), [['a', 'b', 'c', 'a']]],
    ['two separate circles', steps('a: b', 'c: d', 'b: a', 'd: c'), [['a', 'b', 'a'], ['c', 'd', 'c']]],
    ['two circles through one step', steps('a: b c', 'b: a', 'c: a'), [['a', 'b', 'a'], ['c', 'a', 'c']]],
    ['a self-dependency inside a circle', steps('a: a b', 'b: a'), [['a', 'a'], ['a', 'b', 'a']]],
    ['circles joined by a bridge', steps('a: b', 'b: a c', 'c: d', 'd: c'), [['a', 'b', 'a'], ['c', 'd', 'c']]],
    ['names of the object prototype', steps('__proto__: constructor', 'constructor: __proto__'), [['__proto__', 'constructor', '__proto__']]],
  ])('%s', (_, graph, cycles) => {
    expect(findCycles(graph)).toEqual(cycles);
  });

  it('takes a chain and a circle of 100,000 steps', () => {
    const long = chain(100_000);
    expect(findCycles(long)).toEqual([]);
    const closed = long.map((step, i) => (i === 99_999 ? { id: step.id, depends_on: ['s0'] } : step));
    const cycles = findCycles(closed);
    expect(cycles).toHaveLength(1);
    expect(cycles[0]).toHaveLength(100_001);
  });

  it('names a bounded part of a huge tangle', () => {
    const n = 20_000;
    const tangle = chain(n).map((step, i) => ({ id: step.id, depends_on: i < n / 2 ? [`s${i + 1}`] : ['s0'] }));
    const middle = tangle[n / 2 - 1];
    tangle[n / 2 - 1] = { id: middle?.id ?? '', depends_on: tangle.slice(n / 2).map((step) => step.id) };
    const cycles = findCycles(tangle);
    expect(cycles.length).toBeGreaterThan(1);
    expect(cycles.reduce((sum, cycle) => sum + cycle.length, 0)).toBeLessThan(1_100_000);
  });
});

describe('reachableFrom', () => {
  it('holds the step and all that depend on it, and nothing before it', () => {
    const graph = steps('a', 'b: a', 'c: b', 'd: b', 'e: a', 'f: c d', 'g');
    expect([...reachableFrom(graph, 'b')].sort()).toEqual(['b', 'c', 'd', 'f']);
    expect([...reachableFrom(graph, 'g')]).toEqual(['g']);
  });

  it('is empty for an unknown step, even when something depends on it', () => {
    expect(reachableFrom(steps('a: x'), 'x').size).toBe(0);
  });

  it('ends on circles and takes 100,000 steps', () => {
    expect([...reachableFrom(steps('a: b', 'b: a'), 'a')]).toEqual(['a', 'b']);
    expect(reachableFrom(chain(100_000), 's99999').size).toBe(100_000);
  });
});

describe('topologicalOrder', () => {
  it('keeps document order where dependencies allow', () => {
    expect(topologicalOrder(steps('a', 'b: a', 'c', 'd: b c'))).toEqual([0, 1, 2, 3]);
    expect(topologicalOrder(steps('d: b c', 'c', 'b: a', 'a'))).toEqual([3, 2, 1, 0]);
  });

  it('lists every step once, also those on a circle', () => {
    expect([...topologicalOrder(steps('a: b', 'b: a', 'c: c', 'd'))].sort()).toEqual([0, 1, 2, 3]);
  });

  it('takes a chain of 100,000 steps', () => {
    expect(topologicalOrder(chain(100_000)).slice(0, 2)).toEqual([99_999, 99_998]);
  });
});

describe('for any small graph', () => {
  const graphs = fc.nat(7).chain((count) =>
    fc
      .array(fc.array(fc.nat(Math.max(count, 1)), { maxLength: 4 }), { minLength: count, maxLength: count })
      .map((edges): GraphStep[] => edges.map((to, i) => ({ id: `${i}`, depends_on: to.map(String) }))),
  );

  /** All pairs by brute force: `reaches[a][b]` when b can be reached from a in at least one dependency. */
  function closure(graph: GraphStep[]): boolean[][] {
    const reaches = graph.map((step) => graph.map((other) => step.depends_on?.includes(other.id) === true));
    for (const k of graph.keys())
      for (const i of graph.keys())
        for (const j of graph.keys()) if (reaches[i]?.[k] && reaches[k]?.[j]) (reaches[i] ?? [])[j] = true;
    return reaches;
  }

  it('findCycles names true, simple, different cycles that cover every step on a cycle', () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        const cycles = findCycles(graph);
        for (const cycle of cycles) {
          expect(cycle.length).toBeGreaterThan(1);
          expect(cycle[0]).toBe(cycle.at(-1));
          expect(new Set(cycle).size).toBe(cycle.length - 1);
          cycle.slice(1).forEach((id, i) => expect(graph[Number(cycle[i])]?.depends_on).toContain(id));
        }
        expect(new Set(cycles.map((cycle) => [...cycle.slice(1)].sort().join())).size).toBe(cycles.length);
        const reaches = closure(graph);
        const onCycle = graph.filter((_, i) => reaches[i]?.[i]).map((step) => step.id);
        expect([...new Set(cycles.flat())].sort()).toEqual(onCycle);
        const selfDependent = graph.filter((step) => step.depends_on?.includes(step.id)).map((step) => step.id);
        expect(cycles.filter((cycle) => cycle.length === 2).map(([id]) => id)).toEqual(selfDependent);
        for (const i of graph.keys())
          for (const j of graph.keys())
            if (i !== j && reaches[i]?.[j] && reaches[j]?.[i])
              expect(cycles.some((cycle) => cycle.length > 2 && cycle.includes(`${i}`))).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('topologicalOrder is a permutation in which each step follows its dependencies, circles apart', () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        const order = topologicalOrder(graph);
        expect([...order].sort()).toEqual([...graph.keys()]);
        const reaches = closure(graph);
        const place = new Map(order.map((step, i) => [step, i]));
        graph.forEach((step, i) => {
          for (const j of step.depends_on?.map(Number) ?? []) {
            if (j < graph.length && !reaches[j]?.[i]) expect(place.get(j)).toBeLessThan(place.get(i) ?? -1);
          }
        });
      }),
      { numRuns: 2000 },
    );
  });

  it('reachableFrom holds exactly the steps that depend on the start', () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        const reaches = closure(graph);
        graph.forEach((start, s) => {
          const expected = graph.filter((_, i) => i === s || reaches[i]?.[s]).map((step) => step.id);
          expect([...reachableFrom(graph, start.id)].sort()).toEqual(expected);
        });
      }),
    );
  });
});
