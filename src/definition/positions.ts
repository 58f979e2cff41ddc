import type { Finding } from './problems/findings.js';
import type { Problem } from './errors.js';
import { formatPath, type Path } from './problems/path.js';

/** Finds where in a text the value at a path, or its key, begins; the nearest parent when there is no such value. */
export type Locate = (path: Path, at: 'key' | 'value') => number | undefined;

/** 1-based line and column (UTF-16 units) of offsets in a text; lines end with `\n`, `\r\n` or `\r`. */
export class LineIndex {
  private readonly starts: number[] = [0];

  constructor(text: string) {
    for (const lineEnd of text.matchAll(/\r\n?|\n/g)) this.starts.push(lineEnd.index + lineEnd[0].length);
  }

  position(offset: number): { line: number; column: number } {
    let low = 0;
    let high = this.starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (this.starts[low] ?? 0) + 1 };
  }
}

/** What a document was read from, for positions. */
export interface Origin {
  readonly text: string;
  readonly locate: Locate;
}

/** The findings as problems: with positions and in the order of the file when there is one, else as they were found. */
export function toProblems(findings: readonly Finding[], origin?: Origin): Problem[] {
  if (findings.length === 0) return [];
  if (origin === undefined) return findings.map((finding) => problemOf(finding));
  const lines = new LineIndex(origin.text);
  return findings
    .map((finding) => ({ finding, offset: origin.locate(finding.path, finding.at) ?? 0 }))
    .sort((a, b) => a.offset - b.offset)
    .map(({ finding, offset }) => ({ ...problemOf(finding), ...lines.position(offset) }));
}

function problemOf({ severity, code, path, message, hint }: Finding): Problem {
  return { severity, code, path: formatPath(path), message, ...(hint === undefined ? {} : { hint }) };
}
