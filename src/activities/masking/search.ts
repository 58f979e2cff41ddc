import { bare, Canonical, canonical } from './canonical.js';

/** Where a secret stands in a text. */
export interface Span {
  start: number;
  end: number;
}

interface Needle {
  readonly units: string;
  /** Behind its last match: those that overlap themselves are not looked for in it. */
  from: number;
}

/** Units that are compared at once before a needle is compared whole. */
const GRAM = 6;
const BASE = 31;
const LEAVING = BASE ** (GRAM - 1);

/** Finds many texts in one pass, in whatever way they are escaped: linear in the text, whatever their number. */
export class Search {
  readonly #byGram = new Map<number, Needle[]>();
  /** Which grams may begin a needle: most positions of a text end here. */
  readonly #maybe = new Uint8Array(1 << 16);
  /** Most units of a needle. */
  readonly longest: number = 0;

  /** `forms` that are too short to be found so are left out: see {@link isFindable}. */
  constructor(forms: readonly string[]) {
    for (const units of new Set(forms.flatMap((form) => [canonical(form), bare(form)]))) {
      if (units.length < GRAM) continue;
      let hash = 0;
      for (let i = 0; i < GRAM; i++) hash = (Math.imul(hash, BASE) + units.charCodeAt(i)) | 0;
      this.#byGram.set(hash, [...(this.#byGram.get(hash) ?? []), { units, from: 0 }]);
      this.#maybe[slot(hash)] = 1;
      this.longest = Math.max(this.longest, units.length);
    }
  }

  /** Every place where one of the texts stands; they may overlap. `open`: also where one has begun when the text ends. */
  find(text: string, open = false): Span[] {
    const found: Span[] = [];
    if (this.longest === 0) return found;
    for (const needles of this.#byGram.values()) for (const needle of needles) needle.from = 0;
    const reader = new Canonical(text);
    const units = new Int32Array(GRAM);
    const starts = new Int32Array(GRAM);
    let hash = 0;
    let count = 0;
    const take = (unit: number, start: number): void => {
      const place = count % GRAM;
      if (count >= GRAM) hash = (hash - Math.imul(units[place] ?? 0, LEAVING)) | 0;
      hash = (Math.imul(hash, BASE) + unit) | 0;
      units[place] = unit;
      starts[place] = start;
      count++;
      if (count >= GRAM && this.#maybe[slot(hash)] === 1) this.#match(text, hash, starts[count % GRAM] ?? 0, found, open);
    };
    for (let at = 0; at < text.length; ) {
      const start = at;
      at = reader.read(at);
      if (reader.unit >= 0) take(reader.unit, start);
      if (reader.second >= 0) take(reader.second, start);
    }
    return found;
  }

  #match(text: string, hash: number, start: number, found: Span[], open: boolean): void {
    for (const needle of this.#byGram.get(hash) ?? []) {
      if (start < needle.from) continue;
      const end = endOf(text, start, needle.units, open);
      if (end === undefined) continue;
      needle.from = end;
      found.push({ start, end });
    }
  }
}

/** Whether {@link Search} finds the text. */
export function isFindable(text: string): boolean {
  return canonical(text).length >= GRAM;
}

function slot(hash: number): number {
  return (hash ^ (hash >>> 16)) & 0xffff;
}

/** Where the needle ends that begins at `start`; undefined when it does not stand there. `open`: it may end behind the text. */
function endOf(text: string, start: number, units: string, open: boolean): number | undefined {
  const reader = new Canonical(text);
  let matched = 0;
  for (let at = start; at < text.length; ) {
    at = reader.read(at);
    for (const unit of [reader.unit, reader.second]) {
      if (unit < 0) continue;
      if (matched === units.length || unit !== units.charCodeAt(matched)) return undefined;
      matched++;
    }
    if (matched === units.length) return at;
  }
  return open ? text.length : undefined;
}
