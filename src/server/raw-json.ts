import { createScanner } from 'jsonc-parser';

/**
 * The text of a member of a JSON object as it is written; of several with this name the last one, which also counts when the
 * text is parsed. `json` must be valid. It takes one pass, whatever the depth.
 */
export function rawMember(json: string, name: string): string | undefined {
  const scanner = createScanner(json, true);
  let depth = 0;
  let key: string | undefined;
  let start: number | undefined;
  let end = 0;
  let found: string | undefined;
  while (scanner.scan() && scanner.getTokenLength() > 0) {
    const sign = json.charAt(scanner.getTokenOffset());
    const closes = sign === '}' || sign === ']';
    if (depth === 1 && (closes || sign === ',')) {
      if (key === name && start !== undefined) found = json.slice(start, end);
      key = start = undefined;
    } else if (depth === 1 && key === undefined) key = scanner.getTokenValue();
    else if (depth === 1 && sign !== ':') start ??= scanner.getTokenOffset();
    if (closes) depth--;
    else if (sign === '{' || sign === '[') depth++;
    end = scanner.getTokenOffset() + scanner.getTokenLength();
  }
  return found;
}

/** The JSON text of an object with one more member at its end, whose text goes in as it is. */
export function withRawMember(object: object, name: string, json: string): string {
  const text = JSON.stringify(object);
  return `${text.slice(0, -1)}${text === '{}' ? '' : ','}${JSON.stringify(name)}:${json}}`;
}

/** JSON text that goes into an answer as it is. */
export class RawJson {
  constructor(readonly text: string) {}
}

/** Writes answers whose member `definition` may be `RawJson`. */
export function serializeWithDefinition(): (answer: unknown) => string {
  return (answer) => {
    if (typeof answer !== 'object' || answer === null || !('definition' in answer)) return JSON.stringify(answer);
    const { definition, ...rest } = answer;
    return definition instanceof RawJson ? withRawMember(rest, 'definition', definition.text) : JSON.stringify(answer);
  };
}
