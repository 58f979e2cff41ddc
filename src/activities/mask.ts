import { isObject, type JsonValue } from '../definition/json.js';
import { cut, wellFormed } from '../definition/text.js';
import type { Mask } from '../kinds/activity.js';
import type { Connection } from './connection.js';
import { formsOf, secretTexts, writtenForms } from './masking/forms.js';
import { isFindable, Search, type Span } from './masking/search.js';

const MASK = '***';
/** Characters that one of a secret may take where it is escaped or encoded. */
const LONGEST_ESCAPE = 10;

/** The mask of a step's connections. It is made at the first use. */
export function maskOf(connections: readonly Connection[]): Masker {
  return new Masker(secretTexts(connections));
}

/** Replaces secrets, in each form that they commonly take, by `***`. */
export class Masker implements Mask {
  #search: Search | undefined;
  /** Those that are looked for letter by letter: what stands before a secret may make its beginning look like an escape. */
  readonly #literal: readonly string[];

  constructor(private readonly secrets: readonly string[]) {
    // Of secrets that are mostly signs, too little is left by the search: their usual forms are looked for one by one.
    this.#literal = [...new Set(secrets.flatMap((text) => [...writtenForms(text), ...(isFindable(text) ? [] : formsOf(text))]))];
  }

  get margin(): number {
    if (this.secrets.length === 0) return 0;
    return (this.#searched().longest + 16) * LONGEST_ESCAPE;
  }

  text(text: string): string {
    return this.replace(text).text;
  }

  start(text: string, chars: number): string {
    const known = wellFormed(text.slice(0, chars + this.margin + 1));
    if (known.length <= chars) return this.text(known);
    const spans = this.#spans(known).filter(({ start }) => start < chars);
    const last = spans.at(-1);
    return replaced(last !== undefined && last.end > chars ? known.slice(0, last.end) : cut(known, chars), spans);
  }

  end(text: string, chars: number, open = false): string {
    const known = wellFormed(text.slice(-(chars + this.margin + 1)));
    const from = Math.max(0, known.length - chars);
    const spans = this.#spans(known, open).filter(({ end }) => end > from);
    const first = spans[0];
    const start = first !== undefined && first.start < from ? first.start : from + (from > 0 && /[\udc00-\udfff]/.test(known.charAt(from)) ? 1 : 0);
    return replaced(known.slice(start), spans.map((span) => ({ start: span.start - start, end: span.end - start })));
  }

  /** The text with each secret replaced, and how many replacements that were. */
  replace(text: string): { text: string; count: number } {
    const spans = this.#spans(text);
    return { text: replaced(text, spans), count: spans.length };
  }

  /** The value with each secret in its strings, numbers and keys replaced. A value without any comes back as it is. */
  value(value: JsonValue): { value: JsonValue; count: number } {
    if (this.secrets.length === 0 || !this.#isIn(JSON.stringify(value))) return { value, count: 0 };
    let count = 0;
    const mask = (text: string): string => {
      const masked = this.replace(text);
      count += masked.count;
      return masked.text;
    };
    const walk = (part: JsonValue): JsonValue => {
      if (typeof part === 'string') return mask(part);
      if (typeof part === 'number') return this.#isIn(String(part)) ? mask(String(part)) : part;
      if (Array.isArray(part)) return part.map(walk);
      if (!isObject(part)) return part;
      const entries = new Map<string, JsonValue>();
      for (const [key, item] of Object.entries(part)) entries.set(unusedKey(mask(key), entries), walk(item));
      return Object.fromEntries(entries);
    };
    return { value: walk(value), count };
  }

  #isIn(json: string): boolean {
    return this.#literal.some((secret) => json.includes(escaped(secret))) || this.#searched().find(json).length > 0;
  }

  #searched(): Search {
    this.#search ??= new Search(this.secrets.flatMap(formsOf));
    return this.#search;
  }

  /** Where secrets stand in a text; overlapping ones are one span, so that no rest of one is left. */
  #spans(text: string, open = false): Span[] {
    if (this.secrets.length === 0) return [];
    const found = this.#searched().find(text, open);
    for (const secret of this.#literal) {
      for (let at = text.indexOf(secret); at !== -1; at = text.indexOf(secret, at + secret.length)) {
        found.push({ start: at, end: at + secret.length });
      }
    }
    const merged: Span[] = [];
    for (const span of found.sort((a, b) => a.start - b.start)) {
      const last = merged.at(-1);
      if (last !== undefined && span.start < last.end) last.end = Math.max(last.end, span.end);
      else merged.push(span);
    }
    return merged;
  }
}

/** Masks nothing. */
export const NO_MASK: Mask = new Masker([]);

function replaced(text: string, spans: readonly Span[]): string {
  let masked = '';
  let end = 0;
  for (const span of spans) {
    masked += text.slice(end, span.start) + MASK;
    end = span.end;
  }
  return masked + text.slice(end);
}

/** Two keys that become equal by masking both stay. */
function unusedKey(key: string, taken: ReadonlyMap<string, JsonValue>): string {
  let unused = key;
  for (let number = 2; taken.has(unused); number++) unused = `${key} (${number})`;
  return unused;
}

/** As it stands in JSON, without the quotes. */
function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
