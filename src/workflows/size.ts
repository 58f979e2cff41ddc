import type { JsonValue } from '../definition/json.js';

const NOT_ASCII = /[\u0080-\uffff]/;

/** The size in bytes of a value as JSON in UTF-8; an upper bound when the text holds lone surrogates. */
export function jsonBytes(value: unknown): number {
  const text = JSON.stringify(value) ?? '';
  if (!NOT_ASCII.test(text)) return text.length;
  let bytes = text.length;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit >= 0x80) bytes += unit >= 0x800 ? 2 : 1;
  }
  return bytes;
}

/**
 * Leaves out results, the largest first, until what remains of them takes at most `budget` bytes. A step whose result is
 * left out says how large it was.
 */
export function omitLargest(
  steps: { [id: string]: { result?: JsonValue; result_omitted?: number } },
  budget: number,
): void {
  const sizes = Object.values(steps)
    .filter((step) => step.result !== undefined)
    .map((step) => ({ step, bytes: jsonBytes(step.result) }))
    .sort((one, other) => other.bytes - one.bytes);
  let total = sizes.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const { step, bytes } of sizes) {
    if (total <= budget) return;
    delete step.result;
    step.result_omitted = bytes;
    total -= bytes;
  }
}
