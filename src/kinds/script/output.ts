import { StringDecoder } from 'node:string_decoder';

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

/** Keeps the end of what a stream writes, at most `limit` characters. */
export class Tail {
  readonly #decoder = new StringDecoder('utf8');
  #text = '';

  constructor(private readonly limit: number) {}

  add(chunk: Buffer): void {
    this.#text = lastPart(this.#text + this.#decoder.write(chunk), this.limit);
  }

  /** Whole lines only, as far as there are some. */
  lines(): string {
    const end = this.#text.lastIndexOf('\n');
    return end < 0 ? '' : this.#text.slice(0, end);
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
