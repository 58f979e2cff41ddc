import type { JsonValue } from '../definition/json.js';

/** The format's rule for text that a step produced: JSON when it parses, else `{"output": text}`. */
export function textResult(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return { output: text };
  }
}
