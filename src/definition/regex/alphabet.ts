import { visitRegExpAST, type AST } from '@eslint-community/regexpp';

/** Where the classes `\d`, `\w`, `\s`, `.` and common properties change, besides what a pattern names itself. */
const BORDERS = [
  '\t',
  '\n',
  '\r',
  ' ',
  '!',
  '-',
  '.',
  '/',
  '0',
  '9',
  ':',
  '@',
  'A',
  'Z',
  '_',
  'a',
  'z',
  '\u00a0',
  'ß',
  'Ж',
  'ж',
  '漢',
  '\u2028',
  '😀',
];

/** Which of some sample characters each place of a pattern reads: enough to tell whether two of them can read the same. */
export class Alphabet {
  private readonly samples: readonly string[];
  private readonly read = new Map<string, readonly boolean[]>();

  constructor(pattern: AST.Pattern) {
    const samples = new Set(BORDERS);
    const add = (codePoint: number): void => {
      for (const near of [codePoint - 1, codePoint, codePoint + 1]) {
        if (near >= 0 && near <= 0x10ffff) samples.add(String.fromCodePoint(near));
      }
    };
    visitRegExpAST(pattern, { onCharacterEnter: ({ value }) => add(value) });
    this.samples = [...samples];
  }

  /** Numbers of the samples that differ in what reads them, out of the given sources. */
  distinct(sources: readonly string[]): number[] {
    const kept = new Map<string, number>();
    const unique = [...new Set(sources)];
    this.samples.forEach((_, sample) => {
      const readers = unique.map((source) => (this.reads(source, sample) ? '1' : '0')).join('');
      if (readers.includes('1') && !kept.has(readers)) kept.set(readers, sample);
    });
    return [...kept.values()];
  }

  reads(source: string, sample: number): boolean {
    return this.readsOf(source)[sample] === true;
  }

  overlap(one: string, other: string): boolean {
    if (one === other) return true;
    const others = this.readsOf(other);
    return this.readsOf(one).some((reads, sample) => reads && others[sample] === true);
  }

  private readsOf(source: string): readonly boolean[] {
    let reads = this.read.get(source);
    if (reads === undefined) {
      const expression = new RegExp(`^(?:${source})$`, 'u');
      reads = this.samples.map((sample) => expression.test(sample));
      this.read.set(source, reads);
    }
    return reads;
  }
}
