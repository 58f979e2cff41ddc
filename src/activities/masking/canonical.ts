/**
 * Reads a text as what it says, however it is escaped: backslash escapes (JSON, shells, also nested), percent encoding and
 * HTML entities are decoded; white space, quotes, backslashes and `+` count for nothing, so that neither line breaks in base64
 * nor the escapes of a shell hide a secret. It goes unit by unit, since a text may have 32 MiB.
 */
export class Canonical {
  /** The unit just read, -1 for none; and the second half of a surrogate pair that was one escape. */
  unit = -1;
  second = -1;

  constructor(private readonly text: string) {}

  /** Reads what begins at the position, and answers where it ends. */
  read(at: number): number {
    const code = this.text.charCodeAt(at);
    this.second = -1;
    if (code === BACKSLASH) return this.#escape(at);
    if (code === PERCENT) return this.#bytes(at, code);
    if (code === AMPERSAND) return this.#entity(at);
    this.unit = isNothing(code) ? -1 : code;
    return at + 1;
  }

  #escape(at: number): number {
    let end = at + 1;
    while (this.text.charCodeAt(end) === BACKSLASH) end++;
    const next = this.text[end] ?? '';
    this.unit = -1;
    if ('nrtfbv'.includes(next) && next !== '') return end + 1;
    if (next === 'u' || next === 'U') {
      const digits = hexDigits(this.text, end + 1, next === 'u' ? 4 : 8);
      if (digits === undefined) return end;
      this.#take(digits);
      return end + (next === 'u' ? 5 : 9);
    }
    return byteAt(this.text, at) === undefined ? end : this.#bytes(at, BACKSLASH);
  }

  /** One character of UTF-8 of which each byte is an escape; a byte that is none stands for its Latin-1 character. */
  #bytes(at: number, otherwise: number): number {
    const first = byteAt(this.text, at);
    if (first === undefined) {
      this.unit = otherwise;
      return at + 1;
    }
    const more = first.value < 0xc2 ? 0 : first.value < 0xe0 ? 1 : first.value < 0xf0 ? 2 : first.value < 0xf5 ? 3 : 0;
    let point = more === 0 ? first.value : first.value & (0x3f >> more);
    let end = first.end;
    for (let i = 0; i < more; i++) {
      const next = byteAt(this.text, end);
      if (next === undefined || (next.value & 0xc0) !== 0x80) {
        this.#take(first.value);
        return first.end;
      }
      point = (point << 6) | (next.value & 0x3f);
      end = next.end;
    }
    this.#take(point);
    return end;
  }

  #entity(at: number): number {
    ENTITY.lastIndex = at;
    const found = ENTITY.exec(this.text);
    if (found === null) {
      this.unit = AMPERSAND;
      return at + 1;
    }
    const [, decimal, hex, name = ''] = found;
    this.#take(decimal !== undefined ? Number(decimal) : hex !== undefined ? parseInt(hex, 16) : (NAMED[name] ?? AMPERSAND));
    return ENTITY.lastIndex;
  }

  #take(point: number): void {
    if (point > 0x10ffff || isNothing(point)) this.unit = -1;
    else if (point < 0x10000) this.unit = point;
    else {
      this.unit = 0xd800 + ((point - 0x10000) >> 10);
      this.second = 0xdc00 + ((point - 0x10000) & 0x3ff);
    }
  }
}

/** The whole text, read so. */
export function canonical(text: string): string {
  const reader = new Canonical(text);
  const units: number[] = [];
  for (let at = 0; at < text.length; ) {
    at = reader.read(at);
    if (reader.unit >= 0) units.push(reader.unit);
    if (reader.second >= 0) units.push(reader.second);
  }
  // In pieces, since a call takes only so many arguments.
  let read = '';
  for (let i = 0; i < units.length; i += 8192) read += String.fromCharCode(...units.slice(i, i + 8192));
  return read;
}

/** The text without what counts for nothing, its escapes as they stand: they may be what it says. */
export function bare(text: string): string {
  return text.replace(/[\0- "'+\\\x7f\xa0]/g, '');
}

const BACKSLASH = 0x5c;
const PERCENT = 0x25;
const AMPERSAND = 0x26;
const ENTITY = /&(?:amp;)*(?:#0*(\d{1,7});|#[xX]0*([0-9a-fA-F]{1,6});|(amp|lt|gt|quot|apos|nbsp);)/y;
const NAMED: { readonly [name: string]: number } = { amp: AMPERSAND, lt: 0x3c, gt: 0x3e, quot: 0x22, apos: 0x27, nbsp: 0x20 };

function isNothing(code: number): boolean {
  return code <= 0x20 || code === 0x22 || code === 0x27 || code === 0x2b || code === BACKSLASH || code === 0x7f || code === 0xa0;
}

/** The byte that `%2F`, `%252F`, `\x2f` or `\057` stands for. */
function byteAt(text: string, at: number): { value: number; end: number } | undefined {
  let end = at + 1;
  if (text.charCodeAt(at) === PERCENT) {
    let value = hexDigits(text, end, 2);
    // Encoded more than once.
    while (value === PERCENT && hexDigits(text, end + 2, 2) !== undefined) {
      end += 2;
      value = hexDigits(text, end, 2);
    }
    return value === undefined ? undefined : { value, end: end + 2 };
  }
  if (text.charCodeAt(at) !== BACKSLASH) return undefined;
  while (text.charCodeAt(end) === BACKSLASH) end++;
  if (text[end] === 'x') {
    const value = hexDigits(text, end + 1, 2);
    return value === undefined ? undefined : { value, end: end + 3 };
  }
  const octal = text.slice(end, end + 3);
  return /^[0-3][0-7]{2}$/.test(octal) ? { value: parseInt(octal, 8), end: end + 3 } : undefined;
}

function hexDigits(text: string, at: number, count: number): number | undefined {
  let value = 0;
  for (let i = at; i < at + count; i++) {
    const digit = hexDigit(text.charCodeAt(i));
    if (digit === undefined) return undefined;
    value = value * 16 + digit;
  }
  return value;
}

function hexDigit(code: number): number | undefined {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  if (code >= 0x61 && code <= 0x66) return code - 0x57;
  return code >= 0x41 && code <= 0x46 ? code - 0x37 : undefined;
}
