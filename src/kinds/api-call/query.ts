import { isObject, type JsonObject, type JsonValue } from '../../definition/json.js';
import { wellFormed } from '../../definition/text.js';
import { StepFailure } from '../failure.js';

/** The URL with the parameters of a `query` behind its own. Throws {@link StepFailure} `BAD_URL`. */
export function addQuery(url: URL, query: JsonObject | null | undefined): void {
  const pairs = pairsOf(query ?? {}, (message) => new StepFailure('BAD_URL', `query.${message}`));
  // As encodeURIComponent does: a blank is %20, which every server understands.
  const added = pairs.map((pair) => pair.map(encodeText).join('='));
  if (added.length > 0) url.search = [url.search.replace(/^\?/, ''), ...added].filter((part) => part !== '').join('&');
}

/** Names with their values as texts; lists are repeated, null is left out. */
export function pairsOf(fields: JsonObject, refuse: (message: string) => StepFailure): [string, string][] {
  return Object.entries(fields).flatMap(([name, given]) =>
    (Array.isArray(given) ? given : [given]).filter((value) => value !== null).map((value): [string, string] => [name, scalar(value, name, refuse)]),
  );
}

function scalar(value: JsonValue, name: string, refuse: (message: string) => StepFailure): string {
  if (!isObject(value) && !Array.isArray(value)) return String(value);
  throw refuse(`${name} holds ${Array.isArray(value) ? 'a list in a list' : 'an object'}: give text, a number, a boolean, or a list of these`);
}

/** Half of a surrogate pair, which has no encoding, becomes U+FFFD as in a body. */
function encodeText(text: string): string {
  return encodeURIComponent(wellFormed(text)).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
