type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** Names with which services tell how many requests are left, and when there are more again. */
const REMAINING = ['x-ratelimit-remaining', 'ratelimit-remaining', 'x-rate-limit-remaining'];
const RESET = ['x-ratelimit-reset', 'ratelimit-reset', 'x-rate-limit-reset'];
/** A number from here on is a time since 1970 and not a number of seconds from now. */
const EPOCH_SECS = 1e9;
const EPOCH_MS = 1e12;

function first(headers: Headers, names: readonly string[]): string | undefined {
  for (const name of names) {
    const text = [headers[name] ?? ''].flat()[0]?.trim();
    if (text) return text;
  }
  return undefined;
}

/** A parameter of the newer header `RateLimit: "default";r=0;t=30`. */
function parameter(headers: Headers, name: 'r' | 't'): string | undefined {
  return new RegExp(`;\\s*${name}=(\\d{1,9})\\b`).exec(first(headers, ['ratelimit']) ?? '')?.[1];
}

function isUsedUp(headers: Headers): boolean {
  return /^0+(\.0*)?$/.test(first(headers, REMAINING) ?? parameter(headers, 'r') ?? '');
}

/** Whether an answer refuses for now, because of too many requests, and not for good: some services do so with 403. */
export function tellsRateLimit(headers: Headers): boolean {
  return isUsedUp(headers) || readTime(first(headers, ['retry-after']), Date.now()) !== undefined;
}

/** After how many seconds the service wants to be asked again; undefined when it does not say. */
export function retryAfterSecs(headers: Headers, nowMs: number): number | undefined {
  const told = readTime(first(headers, ['retry-after']), nowMs);
  if (told !== undefined || !isUsedUp(headers)) return told;
  return readTime(first(headers, RESET) ?? parameter(headers, 't'), nowMs);
}

/** The seconds of a text that holds seconds, a time since 1970 or an HTTP date. */
function readTime(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined;
  const at = momentOf(text);
  if (at !== undefined) return Math.max(0, Math.ceil((at - nowMs) / 1000));
  return /^\d{1,9}(\.\d+)?$/.test(text) ? Math.ceil(Number(text)) : undefined;
}

/** Milliseconds since 1970. */
function momentOf(text: string): number | undefined {
  if (/^\d{10,13}(\.\d+)?$/.test(text)) {
    const value = Number(text);
    if (value >= EPOCH_MS) return value;
    return value >= EPOCH_SECS && value < 1e11 ? value * 1000 : undefined;
  }
  const date = /^[A-Z][a-z]{2,8},? /.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(date) ? undefined : date;
}
