import levenshtein from 'fast-levenshtein';

const MAX_LENGTH = 64;

/**
 * Finds "did you mean" among known names. One object serves one document: it stops comparing after a fixed number of
 * comparisons, so that thousands of misspelt names cannot make a check slow.
 */
export class Suggestions {
  private budget = 200_000;

  /** `Did you mean 'x'?` for the nearest of the candidates, or undefined when none is near. */
  hint(name: string, candidates: Iterable<string>): string | undefined {
    const nearest = this.nearest(name, candidates);
    return nearest === undefined ? undefined : `Did you mean '${nearest}'?`;
  }

  private nearest(name: string, candidates: Iterable<string>): string | undefined {
    if (name === '' || name.length > MAX_LENGTH) return undefined;
    const wanted = name.toLowerCase();
    // A third of the letters may differ, and never all: short names need a near match.
    let best = Math.min(Math.max(1, Math.floor(name.length / 3)) + 1, name.length);
    let nearest: string | undefined;
    for (const candidate of candidates) {
      if (this.budget <= 0) break;
      this.budget--;
      if (Math.abs(candidate.length - name.length) >= best) continue;
      const distance = distanceOf(wanted, candidate.toLowerCase());
      if (distance < best) {
        best = distance;
        nearest = candidate;
      }
    }
    return nearest;
  }
}

/** Two neighbours that changed places are one mistake. */
function distanceOf(wanted: string, candidate: string): number {
  let at = 0;
  while (at < wanted.length && wanted[at] === candidate[at]) at++;
  const swapped = wanted.slice(0, at) + (wanted[at + 1] ?? '') + (wanted[at] ?? '') + wanted.slice(at + 2);
  return swapped === candidate && wanted !== candidate ? 1 : levenshtein.get(wanted, candidate);
}

/** Names for a message: `'a', 'b', 'c'`, at most ten of them. */
export function listNames(names: readonly string[]): string {
  const shown = names.slice(0, 10).map((name) => `'${name}'`);
  return names.length > 10 ? `${shown.join(', ')} and ${names.length - 10} more` : shown.join(', ');
}
