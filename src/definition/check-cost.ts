import { isObject, type JsonValue } from './json.js';

/** The longest text that a regular expression of a JSON Schema is tried on, in UTF-16 units. */
const MAX_PATTERN_TEXT = 10_000;
/** Steps that regular expressions may take: a safe one can still take as many as the square of the text's length. */
const MAX_PATTERN_STEPS = 2e8;
/** Parts of a value times parts of its schema: what a check looks at, at worst. */
const MAX_LOOKS = 3e7;

export interface CheckLimits {
  readonly looks?: number;
  readonly unique?: number;
}

/** What the parts of a JSON value come to. */
interface Extent {
  parts: number;
  longestText: number;
  /** The sum of the squares of the lengths of all texts, of keys too. */
  squares: number;
  longestList: number;
  patterns: number;
  wantsUnique: boolean;
}

/**
 * The reason why a value may not be checked against a schema: that could take very long, and nothing else would go on meanwhile.
 * Patterns themselves are bounded when a definition is created.
 * @param limits `looks`: parts of the value times parts of the schema. `unique`: elements of the longest list for `uniqueItems`
 */
export function costProblem(schema: JsonValue, value: JsonValue, limits: CheckLimits = {}): string | undefined {
  const { looks = MAX_LOOKS, unique: mostUnique = Number.POSITIVE_INFINITY } = limits;
  const [rules, data] = [extentOf(schema), extentOf(value)];
  if (rules.patterns > 0 && data.longestText > MAX_PATTERN_TEXT) {
    return `holds a text of more than ${MAX_PATTERN_TEXT} characters, which its schema's patterns cannot be tried on`;
  }
  if (rules.patterns * data.squares > MAX_PATTERN_STEPS) return `holds more text than the ${rules.patterns} patterns of its schema can be tried on`;
  if (rules.wantsUnique && data.longestList > mostUnique) return `holds a list of more than ${mostUnique} elements, whose uniqueItems cannot be checked`;
  if (rules.parts * data.parts > looks) return `is too large to be checked: it has ${data.parts} parts, and its schema ${rules.parts}`;
  return undefined;
}

function extentOf(root: JsonValue): Extent {
  const extent: Extent = { parts: 0, longestText: 0, squares: 0, longestList: 0, patterns: 0, wantsUnique: false };
  const pending: JsonValue[] = [root];
  for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
    extent.parts += 1;
    if (typeof part === 'string') addText(extent, part);
    else if (Array.isArray(part)) extent.longestList = Math.max(extent.longestList, part.length);
    else if (isObject(part)) addObject(extent, part);
    if (typeof part === 'object' && part !== null) for (const child of Object.values(part)) pending.push(child);
  }
  return extent;
}

function addObject(extent: Extent, object: { readonly [key: string]: JsonValue }): void {
  for (const key of Object.keys(object)) addText(extent, key);
  if (Object.hasOwn(object, 'pattern')) extent.patterns += 1;
  if (isObject(object['patternProperties'])) extent.patterns += Object.keys(object['patternProperties']).length;
  if (object['uniqueItems'] === true) extent.wantsUnique = true;
}

function addText(extent: Extent, { length }: string): void {
  extent.longestText = Math.max(extent.longestText, length);
  extent.squares += length * length;
}
