import type { JsonValue } from '../../definition/json.js';
import { itemValue, resolve, resolveText, type Lookup, type ScopeItem } from '../../definition/references.js';
import type { Inline } from '../inline.js';
import type { ConfigOf } from '../schemas.js';

/** The references of a button template: `{item}` is the element, by the rules of a fan-out's, and the rest is the run's. */
function itemLookup(item: ScopeItem, lookup: Lookup): Lookup {
  return (namespace, path) => (namespace === 'item' ? itemValue(item, path) : lookup(namespace, path));
}

function rowsOf(buttons: JsonValue | undefined): JsonValue[] {
  if (!Array.isArray(buttons)) return [];
  return buttons.map((row) => (Array.isArray(row) ? row : [row]));
}

export const runReply: Inline<ConfigOf<'reply'>> = (config, lookup) => {
  const rows = rowsOf(config.buttons === undefined ? undefined : resolve(config.buttons, lookup));
  const elements = config.buttons_from === undefined ? undefined : resolve(config.buttons_from, lookup);
  if (Array.isArray(elements) && config.button_template !== undefined) {
    for (const [index, value] of elements.entries()) rows.push([resolve(config.button_template, itemLookup({ value, index }, lookup))]);
  }
  return { type: 'done', result: { text: resolveText(config.text, lookup), buttons: rows } };
};
