import type { JsonValue } from '../../definition/json.js';
import { walk } from '../../definition/path-tree.js';
import { resolve, resolveText, type Lookup } from '../../definition/references.js';
import type { Inline } from '../inline.js';
import type { ConfigOf } from '../schemas.js';

/** The references of a button template: `{item}` and `{item.x}` are the element, the rest is the run's. */
function itemLookup(item: JsonValue, lookup: Lookup): Lookup {
  return (namespace, path) => (namespace === 'item' ? walk(item, path) : lookup(namespace, path));
}

function rowsOf(buttons: JsonValue | undefined): JsonValue[] {
  if (!Array.isArray(buttons)) return [];
  return buttons.map((row) => (Array.isArray(row) ? row : [row]));
}

export const runReply: Inline<ConfigOf<'reply'>> = (config, lookup) => {
  const rows = rowsOf(config.buttons === undefined ? undefined : resolve(config.buttons, lookup));
  const elements = config.buttons_from === undefined ? undefined : resolve(config.buttons_from, lookup);
  if (Array.isArray(elements) && config.button_template !== undefined) {
    for (const element of elements) rows.push([resolve(config.button_template, itemLookup(element, lookup))]);
  }
  return { type: 'done', result: { text: resolveText(config.text, lookup), buttons: rows } };
};
