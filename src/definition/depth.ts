import type { JsonValue } from './json.js';

/** How deep a value may nest that a run is to hold: to write it as JSON takes the stack one level for each. */
export const DEEPEST_VALUE = 500;

/** Whether a value nests at most `levels` deep. It does not recurse, so that no value is too deep to be looked at. */
export function nestsWithin(value: JsonValue, levels: number): boolean {
  let level: JsonValue[] = [value];
  for (let depth = 0; depth <= levels; depth += 1) {
    const below: JsonValue[] = [];
    for (const node of level) {
      if (typeof node !== 'object' || node === null) continue;
      for (const child of Object.values(node)) if (typeof child === 'object' && child !== null) below.push(child);
    }
    if (below.length === 0) return true;
    level = below;
  }
  return false;
}
