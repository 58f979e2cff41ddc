import { StringDecoder } from 'node:string_decoder';
import type { Mask } from '../activity.js';

/** Keeps what a stream writes up to a limit in bytes; past it nothing more is kept. */
export class Output {
  readonly #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(
    private readonly limit: number,
    private readonly onOverflow: () => void,
  ) {}

  add(chunk: Buffer): void {
    if (this.#bytes > this.limit) return;
    this.#bytes += chunk.length;
    if (this.#bytes > this.limit) this.onOverflow();
    else this.#chunks.push(chunk);
  }

  /** Bytes that are no UTF-8 become U+FFFD. White space at the end is gone. */
  text(): string {
    return Buffer.concat(this.#chunks).toString('utf8').trimEnd();
  }
}

/** Keeps the end of what a stream writes, at most `limit` characters, and what a mask must see before them. */
export class Tail {
  readonly #decoder = new StringDecoder('utf8');
  #text = '';
  #isCut = false;

  constructor(
    private readonly limit: number,
    private readonly mask?: Mask,
  ) {}

  add(chunk: Buffer): void {
    const text = this.#text + this.#decoder.write(chunk);
    this.#text = lastPart(text, this.limit + (this.mask?.margin ?? 0));
    this.#isCut ||= this.#text.length < text.length;
  }

  /** Whole lines only, masked, as far as there are some. */
  lines(): string {
    const text = this.#text.slice(0, Math.max(0, this.#text.lastIndexOf('\n')));
    const { mask } = this;
    if (mask === undefined) return text;
    // The rest of a secret may stand at the beginning of what is left.
    const known = this.#isCut ? Math.max(0, text.length - mask.margin) : text.length;
    return mask.end(text, Math.min(known, this.limit), true);
  }

  text(): string {
    return this.#text.trimEnd();
  }
}

/** The last `max` characters at most; a code point is never split. */
export function lastPart(text: string, max: number): string {
  if (text.length <= max) return text;
  const start = text.length - max;
  const splits = /[\udc00-\udfff]/.test(text.charAt(start));
  return text.slice(splits ? start + 1 : start);
}
